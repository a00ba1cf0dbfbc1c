"""Metrics for classes of unequal size: balanced accuracy and AUROC, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from mmlab.core.metric import metrics_for
from mmlab.core.outputs import Classification, Detection
from mmlab.experiments import comparison_tables
from mmlab.storage.library import Library

RNG = np.random.default_rng(0)
LOGITS = np.round(4 * RNG.normal(0, 1, (200, 3))) / 4  # there are ties
TRUTH = RNG.choice(3, 200, p=(0.8, 0.15, 0.05))
THREE, TWO = Classification(("a", "b", "c")), Classification(("a", "b"))


def of(name: str, output: Classification, logits: np.ndarray, truth: np.ndarray) -> float:
    return metrics_for(output)[name].of(logits, truth)


def test_they_are_those_of_scikit_learn() -> None:
    assert of("balanced_accuracy", THREE, LOGITS, TRUTH) == pytest.approx(
        balanced_accuracy_score(TRUTH, LOGITS.argmax(1))
    )
    expected = np.mean([roc_auc_score(index == TRUTH, log_softmax(LOGITS, 1)[:, index]) for index in range(3)])
    assert of("auroc", THREE, LOGITS, TRUTH) == pytest.approx(expected)
    two = LOGITS[:, :2]
    expected = roc_auc_score(TRUTH > 0, two[:, 1] - two[:, 0])
    for output in (TWO, Detection(("a", "b"), accept="a")):
        assert of("auroc", output, two, (TRUTH > 0).astype(int)) == pytest.approx(expected)


def test_samples_that_count_several_times_are_as_if_they_stood_there_as_often() -> None:
    counts = RNG.integers(0, 4, (5, 200))
    for name in ("balanced_accuracy", "auroc"):
        found = metrics_for(THREE)[name].weighted(LOGITS, TRUTH, counts.astype(float))
        for each, count in zip(found, counts, strict=True):
            rows = np.repeat(np.arange(200), count)
            assert each == pytest.approx(of(name, THREE, LOGITS[rows], TRUTH[rows]))


def test_naming_the_most_frequent_class_always_is_worth_nothing() -> None:
    always = np.tile([1.0, 0.0, 0.0], (200, 1))
    assert of("accuracy", THREE, always, TRUTH) > 0.7
    assert of("balanced_accuracy", THREE, always, TRUTH) == pytest.approx(1 / 3)
    assert of("auroc", THREE, always, TRUTH) == pytest.approx(0.5)


def test_a_class_without_samples_is_left_out_and_one_class_alone_has_no_auroc() -> None:
    some = TRUTH < 2
    assert np.isfinite(of("auroc", THREE, LOGITS[some], TRUTH[some]))
    alone = TRUTH == 0
    assert np.isnan(of("auroc", THREE, LOGITS[alone], TRUTH[alone]))
    assert of("balanced_accuracy", THREE, LOGITS[alone], TRUTH[alone]) == pytest.approx(
        of("accuracy", THREE, LOGITS[alone], TRUTH[alone])
    )


def test_reports_that_are_older_than_a_metric_get_it_from_the_stored_answers() -> None:
    found = comparison_tables.compare(Library(), "digits", metric="auroc")
    assert {row.name for row in found.rows} >= {"dropout", "joint"}
    assert all(row.seeds >= 1 and 0.5 < row.mean <= 1 for row in found.rows)
