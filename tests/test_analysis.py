"""Measures on plain arrays, against brute force, simulation and cases solved by hand."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from itertools import permutations
from math import comb, factorial, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from mmlab import analysis
from mmlab.analysis import (
    answers_of,
    brier_score,
    calibration_error,
    crossings,
    curve_area,
    discordant,
    entropies,
    expected_score,
    fit_temperature,
    flip_matrix,
    generalised_risk_area,
    halves,
    holm,
    interactions,
    interval_coverage,
    interval_width,
    kendall_w,
    log_probability_of_right,
    margins,
    masks_by_size,
    mcnemar,
    membership,
    missing_rate_curve,
    negative_flips,
    number_scores,
    paired_bootstrap,
    reliability,
    right,
    risk_coverage,
    risk_coverage_area,
    same_as_complete,
    shapley,
    sizes_needed,
    slice_scores,
    smallest_sufficient,
    sufficient,
    sweep_to_coalitions,
    worst_slice,
)
from mmlab.analysis.base.statistics import distribution
from mmlab.analysis.dominance.gradient_conflict import degrees_of
from mmlab.analysis.robustness.missing_rate import rate_curve_of_one
from mmlab.analysis.robustness.prediction_flips import smallest_sufficient_shares
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.results import Sweep


def modalities(count: int) -> Modalities:
    return Modalities([Modality(f"m{i}", "vector", (2,), f"M{i}", chr(65 + i)) for i in range(count)])


def swept(logits: np.ndarray, target: np.ndarray, present: np.ndarray | None = None) -> Sweep:
    """A sweep of `[K, N, ...]` in the order of `Modalities.subsets`."""
    count = (len(logits) + 1).bit_length() - 1
    samples = logits.shape[1]
    return Sweep(
        combinations=tuple(each.key for each in modalities(count).subsets()),
        logits=logits,
        mean=np.zeros((*logits.shape[:2], 1)),
        variance=None,
        target=target,
        present=np.ones((samples, count), bool) if present is None else present,
        ids=tuple(f"s{i}" for i in range(samples)),
        groups=tuple(f"g{i % 2}" for i in range(samples)),
    )


# The package


def test_the_measures_bring_in_nothing_heavy() -> None:
    heavy = ("torch", "streamlit", "plotly", "pandas", "captum", "scipy.stats", "scipy.optimize")
    program = f"import sys, mmlab.analysis; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_everything_named_is_there() -> None:
    assert len(set(analysis.__all__)) == len(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)


# Bit masks


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_masks_are_those_of_the_modalities(count: int) -> None:
    every = modalities(count)
    assert masks_by_size(count) == tuple(every.code(each) for each in every.subsets())
    for mask, each in zip(masks_by_size(count), every.subsets(), strict=True):
        assert membership(count)[mask].tolist() == every.row(each)


def test_lifting_a_sweep_sorts_by_mask_and_answers_to_nothing_with_class_frequencies() -> None:
    logits = np.arange(7 * 4 * 3, dtype=float).reshape(7, 4, 3)
    found = sweep_to_coalitions(swept(logits, np.array([0, 0, 0, 1])))
    assert found.names == ("m0", "m1", "m2")
    assert found.keys == ("", "m0", "m1", "m0-m1", "m2", "m0-m2", "m1-m2", "m0-m1-m2")
    np.testing.assert_array_equal(found.logits[[1, 2, 4, 3, 5, 6, 7]], logits)
    np.testing.assert_allclose(found.logits[0], np.tile(np.log([4 / 7, 2 / 7, 1 / 7]), (4, 1)))
    assert "frequencies" in found.rule


def test_lifting_fills_numbers_with_their_mean_and_regions_with_their_log_odds() -> None:
    number = sweep_to_coalitions(swept(np.zeros((3, 4, 1)), np.array([1.0, 2.0, 3.0, 6.0])))
    np.testing.assert_array_equal(number.logits[0], np.full((4, 1), 3.0))
    truth = np.zeros((2, 1, 2, 2), bool)
    truth[0, 0, 0] = True  # 2 of 8 pixels
    region = sweep_to_coalitions(swept(np.zeros((3, 2, 1, 2, 2)), truth))
    np.testing.assert_allclose(region.logits[0], np.full((2, 1, 2, 2), np.log(3 / 7)))


def test_lifting_takes_an_answer_to_nothing_that_is_given() -> None:
    found = sweep_to_coalitions(swept(np.zeros((3, 4, 2)), np.zeros(4, int)), empty=[1.0, 2.0])
    np.testing.assert_array_equal(found.logits[0], np.tile([1.0, 2.0], (4, 1)))
    assert found.rule == "given"


def test_lifting_keeps_complete_samples_only() -> None:
    present = np.array([[True, True], [True, False], [True, True]])
    found = sweep_to_coalitions(swept(np.arange(18.0).reshape(3, 3, 2), np.array([0, 1, 1]), present))
    assert found.ids == ("s0", "s2")
    assert found.groups == ("g0", "g0")
    assert found.target.tolist() == [0, 1]
    assert found.logits.shape == (4, 2, 2)


def test_lifting_refuses_what_cannot_be_compared() -> None:
    whole = swept(np.zeros((3, 2, 2)), np.array([0, 1]))
    with pytest.raises(DataError, match="every combination"):
        sweep_to_coalitions(
            Sweep(**{**vars(whole), "combinations": whole.combinations[:2], "logits": whole.logits[:2]})
        )
    with pytest.raises(DataError, match="every input"):
        sweep_to_coalitions(swept(np.zeros((3, 2, 2)), np.array([0, 1]), np.array([[True, False], [False, True]])))
    with pytest.raises(DataError, match="finite"):
        sweep_to_coalitions(swept(np.full((3, 2, 2), np.nan), np.array([0, 1])))
    with pytest.raises(ValueError, match="empty"):
        sweep_to_coalitions(swept(np.zeros((3, 2, 2, 2)), np.zeros((2, 2), int)))


def test_values_of_combinations() -> None:
    logits = np.log([[[0.5, 0.5]], [[0.2, 0.8]], [[0.9, 0.1]], [[0.25, 0.75]]])
    assert answers_of(logits)[:, 0].tolist() == [0, 1, 0, 1]
    assert right(logits, [1])[:, 0].tolist() == [False, True, False, True]
    np.testing.assert_allclose(np.exp(log_probability_of_right(logits, [1]))[:, 0], [0.5, 0.8, 0.1, 0.75])


# Shapley values and interactions


def arrivals(values: np.ndarray, count: int) -> np.ndarray:
    """Shapley values by the definition: every order of arrival."""
    total = np.zeros((count, *values.shape[1:]))
    for order in permutations(range(count)):
        there = 0
        for modality in order:
            total[modality] += values[there | 1 << modality] - values[there]
            there |= 1 << modality
    return total / factorial(count)


def synergies(values: np.ndarray, count: int) -> np.ndarray:
    """The interaction index by the definition: over all sets of the others."""
    table = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            for rest in range(2**count):
                if i == j or rest >> i & 1 or rest >> j & 1:
                    continue
                size = bin(rest).count("1")
                weight = factorial(size) * factorial(count - size - 2) / factorial(count - 1)
                one, other = rest | 1 << i, rest | 1 << j
                table[i, j] += weight * (values[one | other] - values[one] - values[other] + values[rest])
    return table


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_shapley_values_are_the_mean_over_every_order_of_arrival(count: int) -> None:
    values = np.random.default_rng(count).normal(size=(2**count, 3))
    np.testing.assert_allclose(shapley(values), arrivals(values, count), atol=1e-12)
    np.testing.assert_allclose(shapley(values).sum(0), values[-1] - values[0], atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_interactions_are_those_of_the_definition(count: int) -> None:
    values = np.random.default_rng(count).normal(size=2**count)
    found = interactions(values)
    np.testing.assert_allclose(found, synergies(values, count), atol=1e-12)
    np.testing.assert_allclose(found, found.T)
    assert not np.diag(found).any()


@given(st.lists(st.floats(-100, 100), min_size=8, max_size=8), st.lists(st.floats(-100, 100), min_size=8, max_size=8))
def test_sharing_is_linear_and_complete(first: list[float], second: list[float]) -> None:
    one, other = np.array(first), np.array(second)
    np.testing.assert_allclose(shapley(one + 2 * other), shapley(one) + 2 * shapley(other), atol=1e-9)
    assert shapley(one).sum() == pytest.approx(one[-1] - one[0], abs=1e-9)


def test_toys_of_two_modalities() -> None:
    chance, sure = 0.5, 1.0
    exclusive_or = [chance, chance, chance, sure]  # only both together know
    both = [0.75, 0.75, 0.75, sure]  # AND of two fair coins, right three times in four without help
    copy = [chance, sure, sure, sure]  # either knows
    first_only = [chance, sure, chance, sure]
    np.testing.assert_allclose(shapley(exclusive_or), [0.25, 0.25])
    np.testing.assert_allclose(shapley(both), [0.125, 0.125])
    np.testing.assert_allclose(shapley(copy), [0.25, 0.25])
    np.testing.assert_allclose(shapley(first_only), [0.5, 0.0])
    found = [interactions(values)[0, 1] for values in (exclusive_or, both, copy, first_only)]
    np.testing.assert_allclose(found, [0.5, 0.25, -0.5, 0.0])


def test_shapley_values_per_sample_average_to_those_of_the_set() -> None:
    values = np.random.default_rng(0).random((8, 50)) < 0.6
    assert shapley(values).shape == (3, 50)
    np.testing.assert_allclose(shapley(values).mean(1), shapley(values.mean(1)))


def test_ten_thousand_samples_take_no_time() -> None:
    values = np.random.default_rng(0).normal(size=(16, 10_000, 10))
    shapley(values)
    started = time.process_time()
    shapley(values)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("function", [shapley, interactions])
def test_values_must_be_finite_and_one_per_combination(function) -> None:
    with pytest.raises(ValueError, match=r"2\*\*M rows"):
        function(np.zeros(6))
    with pytest.raises(ValueError, match=r"2\*\*M rows"):
        function(np.zeros(1))
    with pytest.raises(ValueError, match="finite"):
        function([0.0, np.nan, 1.0, 1.0])
    with pytest.raises(ValueError, match="empty"):
        function(np.zeros((4, 0)))


# Failures


def test_expected_score_by_hand() -> None:
    scores = [np.nan, 0.6, 0.5, 0.9]
    # left over: both .5 * .75, first .5 * .25, second .5 * .75, nothing .5 * .25
    expected = (0.375 * 0.9 + 0.125 * 0.6 + 0.375 * 0.5) / 0.875
    assert expected_score(scores, [0.5, 0.25]) == pytest.approx(expected)
    assert expected_score(scores, [0.0, 0.0]) == 0.9
    assert expected_score(scores, [0.0, 1.0]) == 0.6


def test_expected_score_is_what_simulated_failures_give() -> None:
    generator = np.random.default_rng(3)
    scores, failure = generator.random(16), np.array([0.1, 0.6, 0.3, 0.8])
    left = ((generator.random((400_000, 4)) >= failure) * 2 ** np.arange(4)).sum(1)
    assert expected_score(scores, failure) == pytest.approx(scores[left[left > 0]].mean(), abs=2e-3)


def test_expected_score_refuses_what_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="surely fails"):
        expected_score([0.0, 1.0, 1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        expected_score([0.0, 1.0, 1.0, 1.0], [1.5, 0.0])
    with pytest.raises(ValueError, match="each of 2 modalities"):
        expected_score([0.0, 1.0, 1.0, 1.0], [0.5])
    with pytest.raises(ValueError, match="finite"):
        expected_score([0.0, np.nan, 1.0, 1.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="one dimension"):
        expected_score(np.ones((4, 2)), [0.5, 0.5])


def test_expected_score_leaves_its_input_alone() -> None:
    scores = np.array([7.0, 0.6, 0.5, 0.9])
    expected_score(scores, [0.5, 0.5])
    assert scores[0] == 7.0


def test_a_missing_rate_curve_is_the_expected_score_at_each_rate() -> None:
    scores, rates = np.random.default_rng(0).random(8), np.linspace(0, 0.9, 10)
    each = [expected_score(scores, [rate] * 3) for rate in rates]
    np.testing.assert_allclose(missing_rate_curve(scores, rates), each)
    with pytest.raises(ValueError, match="surely fails"):
        missing_rate_curve(scores, [0.5, 1.0])


def test_the_area_under_a_curve_and_what_part_of_the_start_is_kept() -> None:
    area, kept = curve_area([0.0, 0.5, 1.0], [0.8, 0.6, 0.2])
    assert area == pytest.approx(0.55)
    assert kept == pytest.approx(0.55 / 0.8)
    assert curve_area([0.0, 0.4, 0.5], [0.7, 0.7, 0.7]) == (pytest.approx(0.35), pytest.approx(1.0))
    with pytest.raises(ValueError, match="rates"):
        curve_area([0.0, 0.0], [1.0, 1.0])
    assert np.isnan(curve_area([0.0, 1.0], [0.0, 1.0])[1])  # nothing to be relative to


def test_the_rate_of_one_modality_moves_while_the_others_fail_as_they_do() -> None:
    scores = np.random.default_rng(1).random(8)
    rates = [0.0, 0.3, 0.9]
    each = [expected_score(scores, [0.1, rate, 0.4]) for rate in rates]
    np.testing.assert_allclose(rate_curve_of_one(scores, [0.1, 0.7, 0.4], 1, rates), each)


def test_where_two_curves_cross() -> None:
    rates = [0.0, 0.1, 0.2, 0.3]
    np.testing.assert_allclose(crossings(rates, [0.9, 0.8, 0.5, 0.2], [0.8, 0.75, 0.6, 0.5]), [0.1 + 0.1 / 3])
    assert len(crossings(rates, [0.9, 0.8, 0.7, 0.6], [0.8, 0.7, 0.6, 0.5])) == 0
    touching = crossings(rates, [0.9, 0.7, 0.7, 0.6], [0.8, 0.7, 0.6, 0.5])
    assert len(touching) == 0
    np.testing.assert_allclose(crossings(rates, [0.9, 0.7, 0.6, 0.4], [0.8, 0.7, 0.6, 0.5]), [0.1])
    assert len(crossings(rates, rates, rates)) == 0


# Calibration


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.85, 0.15], [0.3, 0.7], [0.65, 0.35]])
    labels = [0, 1, 1, 1]
    # two bins: all in the upper one; 2 of 4 right, confidence (.95 + .85 + .7 + .65) / 4
    assert calibration_error(probabilities, labels, bins=2) == pytest.approx(0.7875 - 0.5)
    # ten bins: .95 right, .85 wrong, .7 right (its upper edge), .65 wrong, the last two in one bin
    expected = (0.05 + 0.85 + 2 * abs(0.675 - 0.5)) / 4
    assert calibration_error(probabilities, labels, bins=10) == pytest.approx(expected)


def test_a_bin_holds_its_upper_edge() -> None:
    found = reliability([[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]], [0, 0, 1], 4)
    assert found.count.tolist() == [0, 1, 1, 1]


def test_bins_of_equal_mass_hold_as_many_samples() -> None:
    generator = np.random.default_rng(0)
    sure = generator.uniform(0.9, 1, 1000)
    found = reliability(np.stack([sure, 1 - sure], 1), generator.integers(0, 2, 1000), 10, equal_mass=True)
    np.testing.assert_allclose(found.count, 100, atol=1)
    assert found.edges[0] == sure.min()
    even = reliability(np.stack([sure, 1 - sure], 1), np.zeros(1000, int), 10)
    assert even.count.tolist() == [0] * 9 + [1000]
    assert np.isnan(even.accuracy[0])
    assert even.error == pytest.approx(1 - sure.mean())


def test_equally_sure_samples_share_a_bin() -> None:
    probabilities = np.tile([0.8, 0.2], (10, 1))
    found = reliability(probabilities, [0] * 8 + [1] * 2, 5, equal_mass=True)
    assert found.count.max() == 10
    assert found.error == pytest.approx(0, abs=1e-12)


def test_a_calibrated_model_has_a_small_error_and_an_overconfident_one_a_large_one() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 4))
    chances = softmax(logits, 1)
    labels = (chances.cumsum(1) > generator.random((20_000, 1))).argmax(1)
    assert calibration_error(chances, labels) < 0.02  # what chance leaves of 0 with so many samples and bins
    assert calibration_error(softmax(3 * logits, 1), labels) > 0.1
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.03)
    assert fit_temperature(logits / 2, labels) == pytest.approx(0.5, rel=0.03)


def test_brier_score_by_hand() -> None:
    assert brier_score([[1.0, 0.0]], [0]) == 0
    assert brier_score([[1.0, 0.0]], [1]) == 2
    assert brier_score([[0.5, 0.3, 0.2], [0.1, 0.9, 0.0]], [0, 1]) == pytest.approx((0.38 + 0.02) / 2)


def test_probabilities_and_labels_are_checked() -> None:
    with pytest.raises(ValueError, match="logits"):
        calibration_error([[2.0, -1.0]], [0])
    with pytest.raises(ValueError, match="finite"):
        calibration_error([[np.nan, 1.0]], [0])
    with pytest.raises(ValueError, match="lie in"):
        brier_score([[0.5, 0.5]], [2])
    with pytest.raises(ValueError, match="shape"):
        brier_score([[0.5, 0.5]], [0, 1])
    with pytest.raises(ValueError, match="integers"):
        fit_temperature([[0.5, 0.5]], [0.0])
    with pytest.raises(ValueError, match="bins"):
        reliability([[0.5, 0.5]], [0], 0)


def test_intervals_cover_what_they_promise() -> None:
    residuals = np.random.default_rng(0).standard_t(3, 20_000)
    width = interval_width(residuals[:10_000], 0.8)
    assert interval_coverage(residuals[10_000:], width) == pytest.approx(0.8, abs=0.015)


def test_an_interval_counts_the_new_sample_too() -> None:
    assert interval_width(np.arange(1.0, 10.0), 0.9) == 9.0  # the (9 + 1) * 0.9 = 9th of 9
    assert interval_width([-5.0, 1.0, 2.0], 0.5) == 2.0
    with pytest.raises(DataError, match="too few"):
        interval_width(np.arange(8.0), 0.9)
    with pytest.raises(ValueError, match="level"):
        interval_width(np.arange(8.0), 1.0)


def test_scores_of_numbers_by_combination() -> None:
    truth = np.array([1.0, 2.0, 3.0])
    errors, correlations = number_scores([[2.0, 2.0, 2.0], truth, -truth, truth + 1], truth)
    np.testing.assert_allclose(errors, [2 / 3, 0, 4, 1])
    np.testing.assert_allclose(correlations, [0, 1, -1, 1])
    with pytest.raises(ValueError, match="lengths differ"):
        number_scores(np.zeros((2, 3)), np.zeros(4))


# Selection


def test_risk_coverage_by_hand() -> None:
    area, excess = risk_coverage_area([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1])
    assert area == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    best = (0 + 0 + 1 / 3 + 2 / 4) / 4
    assert excess == pytest.approx(area - best)
    assert risk_coverage_area([4, 3, 2, 1], [0, 0, 1, 1]) == (pytest.approx(best), 0.0)
    assert generalised_risk_area([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1]) == pytest.approx((0 + 1 + 1 + 2) / 16)


def test_ties_count_as_the_mean_over_their_orders() -> None:
    confidence, error = np.array([0.9, 0.5, 0.5, 0.5, 0.1]), np.array([0.0, 1.0, 0.0, 0.0, 1.0])
    areas, generalised = [], []
    for order in permutations([1, 2, 3]):
        untied = np.array([9.0, 0.0, 0.0, 0.0, -9.0])
        untied[list(order)] = [3.0, 2.0, 1.0]
        areas.append(risk_coverage_area(untied, error)[0])
        generalised.append(generalised_risk_area(untied, error))
    assert risk_coverage_area(confidence, error)[0] == pytest.approx(np.mean(areas))
    assert generalised_risk_area(confidence, error) == pytest.approx(np.mean(generalised))
    shuffled = [3, 4, 0, 2, 1]
    assert risk_coverage_area(confidence[shuffled], error[shuffled]) == pytest.approx(
        risk_coverage_area(confidence, error)
    )


def test_a_risk_curve_ends_at_the_error_rate() -> None:
    curve = risk_coverage([0.2, 0.9, 0.5], [1, 0, 1])
    np.testing.assert_allclose(curve.coverage, [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 2 / 3])
    assert risk_coverage_area([1, 1, 1, 1], [0, 1, 0, 1])[0] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="lengths differ"):
        risk_coverage([0.1], [0, 1])
    with pytest.raises(ValueError, match="finite"):
        risk_coverage([np.nan], [0])
    with pytest.raises(ValueError, match="negative"):
        risk_coverage([0.1], [-1])


def test_confidence_from_logits() -> None:
    logits = np.log([[0.25, 0.25, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(margins(logits), [0.25, 0], atol=1e-12)
    np.testing.assert_allclose(entropies(logits), [1.5 * log(2), log(3)])
    with pytest.raises(ValueError, match="two classes"):
        margins([[1.0]])


# Flips


def answering(answers: list[list[int]], classes: int = 3) -> np.ndarray:
    """Logits `[2**M, N, C]` that answer so."""
    return np.eye(classes)[np.array(answers)]


def test_flips_by_hand() -> None:
    logits = answering([[0, 0, 0, 0], [0, 1, 2, 0], [0, 1, 1, 1], [0, 1, 1, 2]])
    found = flip_matrix(logits)
    np.testing.assert_allclose(found[1], [0.5, 0, 0.5, 0.5])
    np.testing.assert_allclose(found[2], [0.75, 0.5, 0, 0.25])
    np.testing.assert_allclose(found, found.T)
    lost = negative_flips(logits, [0, 1, 2, 2])
    np.testing.assert_allclose(lost[1], [0.5, 0, 0.25, 0.25])  # right on samples 0, 1, 2
    np.testing.assert_allclose(lost[3], [0.5, 0.25, 0.25, 0])  # right on samples 0, 1, 3
    with pytest.raises(ValueError, match="finite"):
        flip_matrix(np.full((4, 1, 2), np.nan))
    with pytest.raises(ValueError, match="3 dimensions"):
        flip_matrix(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"2\*\*M rows"):
        flip_matrix(np.zeros((7, 2, 2)))


def test_the_smallest_sufficient_combination_stays_right_whatever_is_added() -> None:
    holds = np.zeros((8, 5), bool)
    holds[:, 0] = True  # always right
    holds[[0b001, 0b111], 1] = True  # right by luck with the first alone
    holds[[0b010, 0b011, 0b110, 0b111], 2] = True  # whenever the second is there
    holds[[0b001, 0b101, 0b110, 0b011], 3] = True  # never with all
    holds[[0b101, 0b110, 0b111], 4] = True  # two pairs
    assert smallest_sufficient(holds).tolist() == [0b001, 0b111, 0b010, -1, 0b101]
    assert smallest_sufficient_shares(holds, [0b001, 0b011, -1]) == [0.2, 0, 0.2]
    assert sizes_needed(holds).tolist() == [1, 3, 1, -1, 2]
    assert sufficient(holds)[0].tolist() == [True, False, False, False, False]


def test_among_equally_small_combinations_the_task_s_order_decides() -> None:
    holds = np.zeros((16, 1), bool)
    holds[[mask for mask in range(16) if bin(mask).count("1") >= 2 and mask not in (0b0011, 0b0101)]] = True
    assert smallest_sufficient(holds).tolist() == [0b1001]  # first and fourth come before second and third


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**16))
def test_sufficiency_is_that_of_its_definition(count: int, seed: int) -> None:
    holds = np.random.default_rng(seed).random((2**count, 6)) < 0.8
    original = holds.copy()
    by_hand = [[holds[[t for t in range(2**count) if t & s == s], n].all() for n in range(6)] for s in range(2**count)]
    np.testing.assert_array_equal(sufficient(holds), by_hand)
    np.testing.assert_array_equal(holds, original)


def test_sufficient_takes_truths_only() -> None:
    with pytest.raises(ValueError, match="bool"):
        sufficient(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"2\*\*M rows"):
        sufficient(np.zeros((3, 2), bool))
    assert same_as_complete(answering([[0], [1], [2], [2]]))[:, 0].tolist() == [False, False, True, True]


# Statistics


def test_the_bootstrap_is_the_same_for_the_same_seed() -> None:
    differences = np.random.default_rng(0).normal(0.1, 1, 300)
    first = paired_bootstrap(differences)
    assert first == paired_bootstrap(differences)
    assert first != paired_bootstrap(differences, seed=1)
    assert first[0] == pytest.approx(differences.mean())
    assert first[1] < first[0] < first[2]
    assert paired_bootstrap([0.5] * 7) == (0.5, 0.5, 0.5)


def test_the_bootstrap_draws_alike_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.random.default_rng(0).normal(size=50)
    whole = paired_bootstrap(differences, 500)
    monkeypatch.setattr("mmlab.analysis.base.statistics.CHUNK", 120)
    assert paired_bootstrap(differences, 500) == pytest.approx(whole)


def test_intervals_of_the_bootstrap_hold_the_truth_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    intervals = [paired_bootstrap(generator.normal(0.3, 1, 60), 300, seed) for seed in range(300)]
    held = np.mean([low <= 0.3 <= high for _, low, high in intervals])
    assert 0.90 <= held <= 0.98


def test_the_bootstrap_refuses_nothing_and_nonsense() -> None:
    with pytest.raises(ValueError, match="empty"):
        paired_bootstrap([])
    with pytest.raises(ValueError, match="finite"):
        paired_bootstrap([0.1, np.nan])
    with pytest.raises(ValueError, match="draws"):
        paired_bootstrap([0.1], draws=0)


@pytest.mark.parametrize(("b", "c"), [(1, 0), (5, 5), (9, 1), (2, 11), (30, 12)])
def test_mcnemar_is_the_binomial_by_hand(b: int, c: int) -> None:
    tail = sum(Fraction(comb(b + c, k), 2 ** (b + c)) for k in range(min(b, c) + 1))
    assert mcnemar(b, c) == pytest.approx(min(1.0, float(2 * tail)))


def test_mcnemar_without_discordant_samples() -> None:
    assert mcnemar(0, 0) == 1.0
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


def test_discordant_samples_are_counted_each_way() -> None:
    assert discordant(np.array([True, True, False, False]), np.array([True, False, False, False])) == (1, 0)
    with pytest.raises(ValueError, match="bool"):
        discordant([1, 0], [0, 1])


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.6]), [1.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.2])
    with pytest.raises(ValueError, match="finite"):
        holm([np.nan])


def test_agreement_of_rankings() -> None:
    assert kendall_w([[1, 2, 3, 4]] * 3) == pytest.approx(1)
    assert kendall_w([[0.1, 0.5, 7.0], [1.0, 1.1, 1.2]]) == pytest.approx(1)
    assert kendall_w([[1, 2, 3], [3, 2, 1]]) == pytest.approx(0)
    # ranks 1 2 3, 1 2 3, 2 1 3: sums 4 5 9, squares about 6 sum to 14; 12 * 14 / (9 * 24)
    assert kendall_w([[1, 2, 3], [1, 2, 3], [2, 1, 3]]) == pytest.approx(168 / 216)
    assert kendall_w([[1, 1, 2], [5, 5, 9]]) == pytest.approx(1)  # tied alike
    with pytest.raises(ValueError, match="ties all"):
        kendall_w([[1, 1], [2, 2]])
    with pytest.raises(ValueError, match="two judges"):
        kendall_w([[1, 2]])


def test_halves_keep_groups_together_and_are_about_even() -> None:
    groups = [f"g{i // 10}" for i in range(200)]
    first = halves(groups)
    assert first.sum() == 100
    assert all(len(set(first[i : i + 10])) == 1 for i in range(0, 200, 10))
    np.testing.assert_array_equal(first, halves(groups))
    assert (first != halves(groups, seed=1)).any()
    assert 0 < halves(["a", "b", "b", "b"]).sum() < 4
    with pytest.raises(ValueError, match="two groups"):
        halves(["a", "a"])


# Slices


def test_scores_by_slice_and_combination() -> None:
    values = np.array([[1, 0, 1, 1], [0, 0, np.nan, 1]])
    table = slice_scores(values, ["b", "b", "a", "a"])
    assert table.names == ("a", "b")
    np.testing.assert_allclose(table.scores, [[1, 1], [0.5, 0]])
    np.testing.assert_array_equal(table.counts, [[2, 1], [2, 2]])
    np.testing.assert_allclose(table.overall, [0.75, 1 / 3])


def test_the_worst_slice_is_the_one_farthest_behind_and_large_enough() -> None:
    values = np.stack([np.r_[np.ones(30), np.zeros(2), np.repeat([0.0, 1.0], 15)], np.full(62, 0.1)])
    table = slice_scores(values, ["good"] * 30 + ["tiny"] * 2 + ["half"] * 30)
    worst = worst_slice(table)
    assert (worst.name, worst.combination, worst.count) == ("half", 0, 30)
    assert worst.score == 0.5
    assert worst.gap == pytest.approx(0.5 - 45 / 62)
    assert worst_slice(table, minimum=2).name == "tiny"
    assert worst_slice(table, higher_is_better=False).name == "good"
    with pytest.raises(DataError, match="31"):
        worst_slice(table, minimum=31)


def test_slices_need_one_name_per_sample() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        slice_scores(np.zeros((2, 3)), ["a"])
    with pytest.raises(ValueError, match="finite"):
        slice_scores([[np.inf]], ["a"])
    empty = slice_scores([[np.nan, 1.0]], ["a", "b"])
    assert np.isnan(empty.scores[0, 0])
    assert empty.counts[0, 0] == 0


def test_a_distribution_counts_finite_values_and_keeps_those_beyond() -> None:
    found = distribution([-3.0, -0.5, 0.25, 0.5, np.nan], -1, 1, 4)
    assert found.shares.tolist() == [0.25, 0.25, 0.25, 0.25]
    assert found.centres.tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert found.median == -0.125
    assert np.isnan(distribution([np.nan], -1, 1, 4).median)
    assert degrees_of(1.0000001) == 0
    assert degrees_of(-0.5) == pytest.approx(120)
