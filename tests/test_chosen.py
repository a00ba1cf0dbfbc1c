"""Samples that are carried from page to page: in the address, and in a grading."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mmlab.analysis.robustness.per_sample_scores import grade
from mmlab.analysis.robustness.subset import subset
from mmlab.core.errors import DataError
from mmlab.core.outputs import Classification, Output, Regression
from mmlab.inference.imputation import only
from mmlab.ui.components import selection
from tests.test_embedding import invented

IDS = tuple(f"test-{i:04d}" for i in range(1200))


@pytest.mark.parametrize("rows", [(0,), (1199,), (3, 17, 400), tuple(range(0, 1200, 2))])
def test_what_is_written_is_read(rows: tuple[int, ...]):
    text = selection.written(rows, IDS)
    assert text is not None
    assert selection.parsed(text, IDS) == rows
    assert all(letter.isalnum() or letter in "._-" for letter in text)
    assert len(text) < 300


def test_none_and_all_need_no_words():
    assert selection.written((), IDS) is None
    assert selection.written(range(1200), IDS) is None


@pytest.mark.parametrize("text", ["", "x", "00000000.", "a.b.c", "%%%", "ä.ö", "00000000." + "A" * 9000])
def test_nonsense_is_refused_with_a_sentence(text: str):
    with pytest.raises(DataError, match="another test set"):
        selection.parsed(text, IDS)


def test_another_test_set_and_another_size_are_refused():
    text = selection.written((3,), IDS)
    assert text is not None
    with pytest.raises(DataError):
        selection.parsed(text, IDS[:-1])
    mark = text.partition(".")[0]
    for content in (selection.written((3,), IDS[:64]), selection.written((3,), (*IDS, *IDS))):
        assert content is not None
        with pytest.raises(DataError):
            selection.parsed(f"{mark}.{content.partition('.')[2]}", IDS)


def test_a_choice_too_large_for_an_address_is_said():
    many = tuple(str(i) for i in range(80_000))
    rows = np.flatnonzero(np.random.default_rng(0).random(len(many)) < 0.5)
    with pytest.raises(DataError, match="too many"):
        selection.written(rows.tolist(), many)


@pytest.mark.parametrize("output", [Classification(("x", "y", "z")), Regression(-3.0, 3.0)])
def test_a_narrowed_grading_is_the_grading_of_fewer_samples(output: Output):
    found = invented()
    if isinstance(output, Regression):
        answers = np.random.default_rng(0).normal(size=(3, 90, 1))
        found = dataclasses.replace(found, logits=answers, target=np.linspace(-2, 2, 90))
    rows = [1, 5, 6, 30, 77]
    some = subset(grade(found, output), rows)
    again = grade(only(found, [found.ids[row] for row in rows]), output)
    assert some.ids == again.ids
    np.testing.assert_array_equal(some.right[1:], again.right[1:])
    for name, values in some.uncertainties.items():
        np.testing.assert_allclose(values[1:], again.uncertainties[name][1:])
    assert list(some.measures) == list(again.measures)
    for name, measure in some.measures.items():
        np.testing.assert_allclose(measure.scores[1:], again.measures[name].scores[1:])
    assert some.slices["answer"] == again.slices["answer"]


def test_slicings_follow_the_samples():
    assert selection.sliced({"answer": ("a", "b", "c")}, ("x", "y", "z"), ("z", "x")) == {"answer": ("c", "a")}
