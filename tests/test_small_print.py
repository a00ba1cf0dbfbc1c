"""What few samples, few judges and ties do to a number by chance: it is said, or taken away."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import manifold

from mmlab.analysis import (
    calibration_error,
    calibration_error_by_chance,
    debiased_calibration_error,
    kendall_w,
    kendall_w_by_chance,
    pid_of_answers,
)
from mmlab.analysis.dominance.agreement import agreement
from mmlab.analysis.embedding.map_quality import trustworthiness
from mmlab.analysis.robustness.class_scores import worst_classes
from mmlab.core.outputs import Regression
from tests.test_clusters import CLASSES, answers


def perfect(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities `[count, 10]`, and classes that are right as often as they say."""
    chances = softmax(1.5 * rng.normal(size=(count, 10)), 1)
    return chances, (chances.cumsum(1) > rng.random((count, 1))).argmax(1)


@pytest.mark.parametrize("count", [200, 1200])
def test_what_a_perfect_model_shows_is_foretold_and_taken_away(count: int) -> None:
    rng = np.random.default_rng(count)
    shown, foretold, left = [], [], []
    for _ in range(40):
        chances, labels = perfect(rng, count)
        shown.append(calibration_error(chances, labels))
        foretold.append(calibration_error_by_chance(chances, draws=50))
        left.append(debiased_calibration_error(chances, labels))
    assert np.mean(foretold) == pytest.approx(np.mean(shown), rel=0.1)
    assert np.mean(left) < np.mean(shown) / 2


def test_what_is_not_chance_stays() -> None:
    chances, labels = perfect(np.random.default_rng(0), 20_000)
    surer = softmax(3 * np.log(chances), 1)
    assert debiased_calibration_error(surer, labels) > 0.1
    gap = abs(surer.max(1).mean() - (surer.argmax(1) == labels).mean())
    assert debiased_calibration_error(surer, labels, bins=1) == pytest.approx(gap, abs=1e-3)


def test_judges_who_rank_at_random_agree_by_one_over_their_number() -> None:
    rng = np.random.default_rng(0)
    found = [kendall_w_by_chance(rng.normal(size=(5, 3)), 300, seed) for seed in range(100)]
    assert np.mean([each.mean for each in found]) == pytest.approx(1 / 5, abs=0.01)
    assert np.mean([each.p < 0.05 for each in found]) <= 0.09


def test_the_chance_of_an_agreement_by_hand() -> None:
    scores = np.array([[1, 2, 3], [1, 2, 3], [1, 3, 2]])
    orders = list(itertools.permutations((1, 2, 3)))
    every = [kendall_w(np.array(each)) for each in itertools.product(orders, repeat=3)]
    found = kendall_w_by_chance(scores, 20_000)
    assert found.mean == pytest.approx(np.mean(every), abs=0.01)
    assert found.p == pytest.approx(np.mean(np.array(every) >= kendall_w(scores) - 1e-9), abs=0.01)
    with pytest.raises(ValueError, match="ties all"):
        kendall_w_by_chance([[1, 1], [2, 2]])


def test_an_agreement_that_chance_gives_is_not_called_one() -> None:
    two = {"alone": np.array([0.9, 0.1]), "shapley": np.array([0.8, 0.2])}
    assert agreement(two, ("A", "B")).verdict == "no more than chance gives"
    many = dict.fromkeys(
        ("alone", "shapley", "net", "leave_one_out", "perceptual", "utilisation"), np.array([0.9, 0.1])
    )
    assert agreement(many, ("A", "B")).verdict == "they agree on the first"


def test_equal_witnesses_seem_to_have_something_to_themselves_on_few_samples() -> None:
    rng, count, found = np.random.default_rng(0), 320, []
    for seed in range(6):
        truth = rng.integers(0, 4, count)
        one, other = (np.where(rng.random(count) < 0.8, truth, rng.integers(0, 4, count)) for _ in range(2))
        part = pid_of_answers(one, other, truth, shuffles=2, seed=seed).found
        found += [part.first, part.second]
    assert np.mean(found) == pytest.approx(0.1, abs=0.03)  # as the measure's description says; the truth is 0


@pytest.mark.parametrize("seed", range(3))
def test_ties_count_as_in_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 3, (300, 3)).astype(float)
    picture = rng.normal(size=(300, 2))
    expected = manifold.trustworthiness(points, picture, n_neighbors=10)  # in an arbitrary order among equals
    assert trustworthiness(points, picture, 10) == pytest.approx(expected, abs=0.01)


def test_a_class_that_is_hardly_ever_right_is_named() -> None:
    names = tuple(map(str, range(40)))
    found = answers(np.repeat([True, False], [36, 4]), names)
    found.target[:] = np.repeat([0, 1], [30, 10])  # said is the first class 36 times, the second 4 times
    worst = worst_classes(found, CLASSES)["x-y"]
    assert (worst.name, worst.samples, worst.accuracy, worst.fails) == ("b", 10, 0.4, True)
    assert worst_classes(found, Regression(0, 1)) == {}
