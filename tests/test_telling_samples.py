"""Which samples show something, on tables small enough to be read by hand."""

from __future__ import annotations

import numpy as np

from mmlab.analysis.robustness.notable_samples import (
    SURE,
    Behaviour,
    NotableSample,
    behaviour,
    flips,
    inputs_disagree,
    models_disagree,
    notable_samples,
    sure_but_wrong,
)
from mmlab.core.outputs import Classification, Regression
from mmlab.core.results import Sweep
from mmlab.ui.text import wording

KEYS = ("", "a", "b", "a-b")  # by bit mask
IDS = ("first", "second", "third")
TRUTH = np.array([0, 1, 1])


def model(said: list[list[int]], sure: list[list[float]]) -> Behaviour:
    """Rows: nothing, a, b, both; columns: the samples."""
    answers = np.array(said)
    return Behaviour(IDS, KEYS, answers, answers == TRUTH, np.array(sure), is_probability=True)


JOINT = model(
    [[0, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1]],
    [[0.9, 0.9, 0.9], [0.95, 0.6, 0.8], [0.7, 0.55, 0.9], [0.9, 0.9, 0.9]],
)
DROPOUT = model(
    [[0, 0, 0], [1, 1, 1], [0, 0, 1], [0, 1, 1]],
    [[0.9, 0.9, 0.9], [0.5, 0.6, 0.7], [0.7, 0.6, 0.9], [0.9, 0.9, 0.9]],
)


def test_first_comes_where_one_is_wrong_and_sure_and_the_other_right_or_unsure() -> None:
    """third under a: 0.8 against a right answer; first under a: 0.95 against 0.5; second under b: 0.55 against 0.6."""
    assert notable_samples(JOINT, DROPOUT) == [NotableSample("third", "a"), NotableSample("first", "a")]
    assert notable_samples(JOINT) == [
        NotableSample("first", "a"),
        NotableSample("third", "a"),
        NotableSample("second", "b"),
    ]


def test_what_is_wrong_with_all_inputs_does_not_flip() -> None:
    wrong = model([[0] * 3, [1, 0, 0], [1, 0, 0], [1, 0, 0]], [[0.9] * 3] * 4)
    assert notable_samples(wrong) == []
    assert not flips(wrong).any()


def test_filters_by_hand() -> None:
    assert flips(JOINT).tolist() == [True, True, True]
    assert flips(DROPOUT).tolist() == [True, True, False]
    assert sure_but_wrong(JOINT).tolist() == [True, False, True]
    assert sure_but_wrong(DROPOUT).tolist() == [False, False, False]
    assert inputs_disagree(DROPOUT).tolist() == [True, True, False]
    assert models_disagree([JOINT, DROPOUT]).tolist() == [False, False, True]
    assert not models_disagree([JOINT, JOINT]).any()


def test_a_model_is_read_from_its_sweep_and_samples_are_taken_by_name() -> None:
    logits = np.zeros((3, 3, 2))  # a, b, a-b
    logits[:, :, 1] = [[2, 2, -2], [-2, -2, 2], [-2, 2, 2]]
    sweep = Sweep(("a", "b", "a-b"), logits, np.zeros((3, 3, 1)), None, TRUTH, np.ones((3, 2), bool), IDS, ("x",) * 3)
    found = behaviour(sweep, Classification(("no", "yes")))
    assert found.said[1:].tolist() == JOINT.said[1:].tolist()
    assert found.keys == KEYS
    assert np.allclose(found.weight[1:], 1 / (1 + np.exp(-2)))
    assert found.among(("third", "none", "first")).ids == ("third", "first")
    assert found.among(("third",)).right[:, 0].tolist()[1:] == [False, True, True]


def test_a_number_weighs_by_how_far_off_it_is() -> None:
    logits = np.array([[[2.0], [1.0]], [[-1.0], [0.5]], [[1.0], [1.0]]])
    truth = np.array([1.0, 1.0])
    sweep = Sweep(
        ("a", "b", "a-b"), logits, np.zeros((3, 2, 1)), None, truth, np.ones((2, 2), bool), IDS[:2], ("x",) * 2
    )
    found = behaviour(sweep, Regression(-3, 3))
    assert notable_samples(found) == [NotableSample("first", "b")]
    assert found.weight[2].tolist() == [2.0, 0.5]
    assert not sure_but_wrong(found).any()


def test_sure_means_what_the_screen_calls_sure() -> None:
    assert wording.certainty(SURE) == "fairly sure"
    assert wording.certainty(SURE - 0.01) == "unsure"
