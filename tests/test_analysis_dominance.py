"""Measures of which modality a model leans on, and what modalities know together: by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr

from mmlab.analysis import (
    SAMPLE_KINDS,
    Decomposition,
    conditional_utilisation,
    discrepancy_ratio,
    emap,
    emap_gap,
    jain_index,
    leave_one_out,
    perceptual_score,
    pid,
    pid_of_answers,
    sample_kinds,
    stand_alone,
    utilisation_gap,
)
from mmlab.analysis.dominance.contributions import order_of_samples
from mmlab.core.errors import DataError

SCORES = np.array([0.1, 0.8, 0.5, 0.9, 0.4, 0.85, 0.6, 0.95])  # by bit mask: nothing, a, b, ab, c, ac, bc, abc


def test_alone_and_left_out() -> None:
    np.testing.assert_allclose(stand_alone(SCORES), [0.8, 0.5, 0.4])
    np.testing.assert_allclose(leave_one_out(SCORES), [0.35, 0.1, 0.05])
    with pytest.raises(ValueError, match=r"2\*\*M rows"):
        leave_one_out(np.zeros(5))
    with pytest.raises(ValueError, match="finite"):
        stand_alone([np.nan, 1.0])


def test_utilisation_by_hand() -> None:
    rates = conditional_utilisation([0.1, 0.8, 0.5, 0.9])
    assert rates[1, 0b01] == pytest.approx((0.9 - 0.8) / 0.9)
    assert rates[0, 0b10] == pytest.approx((0.9 - 0.5) / 0.9)
    assert rates[0, 0] == pytest.approx((0.8 - 0.1) / 0.8)
    assert np.isnan(rates[0, 0b01])
    assert np.isnan(rates[0, 0b11])
    gap = utilisation_gap([0.1, 0.8, 0.5, 0.9])
    np.testing.assert_allclose(gap, [[0, 0.3 / 0.9], [-0.3 / 0.9, 0]])
    assert np.isnan(conditional_utilisation([0.5, 0.0, 0.0, 0.0])[0, 0])
    assert conditional_utilisation(SCORES).shape == (3, 8)


def test_discrepancy_is_the_ratio_of_what_modalities_give_the_right_class_alone() -> None:
    chances = np.array([[0.5, 0.5], [0.8, 0.6], [0.4, 0.3], [0.9, 0.9]])  # of class 0, by mask and sample
    logits = np.log(np.stack([chances, 1 - chances], 2))
    np.testing.assert_allclose(discrepancy_ratio(logits, [0, 0]), [2.0, 0.5])
    alone = {0b001: 0.6, 0b010: 0.3, 0b100: 0.2}
    three = np.array([[alone.get(mask, 0.5)] for mask in range(8)])
    logits = np.log(np.stack([three, 1 - three], 2))
    np.testing.assert_allclose(discrepancy_ratio(logits, [0]), [(2 + 3) / 2, (0.5 + 1.5) / 2, (1 / 3 + 2 / 3) / 2])
    with pytest.raises(ValueError, match="at least two"):
        discrepancy_ratio(np.zeros((2, 1, 2)), [0])
    with pytest.raises(ValueError, match="no chance"):
        discrepancy_ratio(np.array([[[0.0, 0.0]], [[0.0, 2000.0]], [[0.0, 0.0]], [[0.0, 0.0]]]), [0])


def test_perceptual_score_is_what_permuting_costs() -> None:
    np.testing.assert_allclose(perceptual_score(0.8, [[0.3, 0.5], [0.8, 0.8]]), [0.4, 0])
    np.testing.assert_allclose(perceptual_score(0.8, [[0.3, 0.5]], relative=True), [0.5])
    with pytest.raises(ValueError, match="is 0"):
        perceptual_score(0.0, [[0.1]], relative=True)
    with pytest.raises(ValueError, match="finite"):
        perceptual_score(np.nan, [[0.1]])


def test_the_additive_part_of_an_additive_model_is_the_model() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 20, 3))
    logits = first[:, None] + second[None]
    np.testing.assert_allclose(emap(logits), first + second, atol=1e-12)
    labels = generator.integers(0, 3, 20)
    assert emap_gap(logits, labels) == 0


def test_the_additive_part_of_an_interaction_knows_nothing() -> None:
    sign = np.array([1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    other = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    product = sign[:, None] * other[None]
    logits = np.stack([product, -product], 2)
    np.testing.assert_allclose(emap(logits), 0, atol=1e-12)
    labels = (np.diag(product) < 0).astype(int)
    assert emap_gap(logits, labels) == pytest.approx(1 - (labels == 0).mean())
    with pytest.raises(ValueError, match="all pairs"):
        emap(np.zeros((3, 4, 2)))


def test_evenness() -> None:
    assert jain_index([0.2, 0.2, 0.2]) == pytest.approx(1)
    assert jain_index([0.0, 0.7, 0.0]) == pytest.approx(1 / 3)
    assert jain_index([1.0, 3.0]) == pytest.approx(16 / 20)
    assert jain_index([0.0, 0.0]) == 1
    with pytest.raises(ValueError, match="negative"):
        jain_index([0.5, -0.1])


def test_kinds_of_samples() -> None:
    columns = {
        "none": [0.0, 0.0, 0.0],
        "dominance": [0.8, 0.1, 0.1],
        "complement": [0.4, 0.3, 0.3],
        "conflict": [0.6, -0.4, 0.0],
    }
    found = sample_kinds(np.array(list(columns.values())).T)
    assert [SAMPLE_KINDS[index] for index in found] == list(columns)
    edges = np.array([[-0.9, 0.05, 0.0], [0.5, 0.45, -0.05], [-0.5, -0.5, 0.0]]).T
    assert [SAMPLE_KINDS[index] for index in sample_kinds(edges)] == ["dominance", "complement", "complement"]
    with pytest.raises(ValueError, match="2 dimensions"):
        sample_kinds([0.1, 0.2])


# What modalities know together


def gate(answer) -> np.ndarray:
    """p[x1, x2, y] of a gate with two fair bits."""
    table = np.zeros((2, 2, 2))
    for first in (0, 1):
        for second in (0, 1):
            table[first, second, answer(first, second)] = 0.25
    return table


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (gate(lambda a, b: a ^ b), (0, 0, 0, 1)),
        (gate(lambda a, b: a & b), (0.31128, 0, 0, 0.5)),
        (gate(lambda a, b: a), (0, 1, 0, 0)),
        (gate(lambda a, b: b), (0, 0, 1, 0)),
        (np.eye(2)[:, :, None] * np.eye(2)[:, None], (1, 0, 0, 0)),
        (np.ones((3, 2, 4)), (0, 0, 0, 0)),
    ],
    ids=["xor", "and", "first", "second", "copies", "nothing"],
)
def test_decompositions_of_gates(table: np.ndarray, expected: tuple[float, ...]) -> None:
    found = pid(table)
    parts = (found.redundancy, found.first, found.second, found.synergy)
    np.testing.assert_allclose(parts, expected, atol=1e-4)
    assert found.total == pytest.approx(information(table.reshape(-1, table.shape[2])))


def information(table: np.ndarray) -> float:
    joint = table / table.sum()
    return float(rel_entr(joint, joint.sum(1, keepdims=True) * joint.sum(0)).sum() / np.log(2))


def least_by_grid(table: np.ndarray, steps: int = 400) -> float:
    """The least information over all q with the marginals of p[2, 2, 2]: one free number for each label."""
    joint, shift = table / table.sum(), np.array([[1, -1], [-1, 1]])
    ranges = []
    for y in (0, 1):
        part = joint[..., y]
        low, high = -min(part[0, 0], part[1, 1]), min(part[0, 1], part[1, 0])
        ranges.append(np.linspace(low, high, steps)[:, None, None] * shift + part)
    q0, q1 = ranges[0][:, None].clip(0), ranges[1][None].clip(0)
    both = q0 + q1
    found = rel_entr(q0, both * q0.sum((2, 3), keepdims=True)) + rel_entr(q1, both * q1.sum((2, 3), keepdims=True))
    return float(found.sum((2, 3)).min() / np.log(2))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_decomposition_is_the_least_over_all_tables_with_its_marginals(seed: int) -> None:
    table = np.random.default_rng(seed).dirichlet(np.ones(8)).reshape(2, 2, 2)
    found = pid(table)
    assert found.total - found.synergy == pytest.approx(least_by_grid(table), abs=2e-4)
    assert found.redundancy + found.first == pytest.approx(information(table.sum(1)), abs=1e-6)
    assert found.redundancy + found.second == pytest.approx(information(table.sum(0)), abs=1e-6)


def test_swapping_the_modalities_swaps_what_only_one_knows() -> None:
    table = np.random.default_rng(5).dirichlet(np.full(24, 0.4)).reshape(2, 3, 4)
    one, other = pid(table), pid(table.transpose(1, 0, 2) * 7)  # counts serve as well as probabilities
    assert (one.redundancy, one.first, one.second, one.synergy) == pytest.approx(
        (other.redundancy, other.second, other.first, other.synergy), abs=1e-5
    )


def test_a_label_that_never_comes_changes_nothing() -> None:
    table = gate(lambda a, b: a & b)
    padded = np.concatenate([table, np.zeros((2, 2, 1))], 2)
    assert pid(padded) == pid(table)


@pytest.mark.parametrize(
    "table", [np.zeros((2, 2, 2)), -np.ones((2, 2, 2)), np.ones((2, 2)), np.full((2, 2, 2), np.nan)]
)
def test_a_table_must_be_one(table: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"table must"):
        pid(table)


def test_independent_answers_know_nothing_once_chance_is_taken_away() -> None:
    first, second, labels = np.random.default_rng(0).integers(0, 10, (3, 1000))
    found = pid_of_answers(first, second, labels)
    assert found.raw.synergy > 0.01
    assert found.raw.synergy == pytest.approx(found.chance.synergy, rel=0.5)
    assert found.found.total < 0.01
    assert found.bins == 4
    unmerged = np.zeros((10, 10, 10))
    np.add.at(unmerged, (first, second, labels), 1)
    assert pid(unmerged).synergy > 0.4  # what merging and the null are for


def test_what_answers_know_comes_through_grouping_and_null() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 4000)
    noise = generator.integers(0, 4, 4000)
    found = pid_of_answers(labels, noise, labels).found
    assert (found.redundancy, found.first, found.second, found.synergy) == pytest.approx((0, 2, 0, 0), abs=0.02)
    copies = pid_of_answers(labels, labels, labels).found
    assert copies.redundancy == pytest.approx(2, abs=0.02)
    hidden = pid_of_answers(noise, (labels - noise) % 4, labels).found
    assert hidden.synergy == pytest.approx(2, abs=0.05)


def test_too_few_samples_are_refused() -> None:
    few = np.arange(319) % 10
    with pytest.raises(DataError, match="too few") as caught:
        pid_of_answers(few, few, few)
    assert "320" in caught.value.hint
    assert isinstance(pid_of_answers(few, few, few, bins=3).found, Decomposition)


def test_the_same_seed_gives_the_same_estimate() -> None:
    first, second, labels = np.random.default_rng(1).integers(0, 3, (3, 400))
    assert pid_of_answers(first, second, labels) == pid_of_answers(first, second, labels)
    assert pid_of_answers(first, second, labels) != pid_of_answers(first, second, labels, seed=1)


def test_answers_must_be_classes_of_the_same_samples() -> None:
    good = np.arange(400) % 2
    with pytest.raises(ValueError, match="lengths differ"):
        pid_of_answers(good[:-1], good, good)
    with pytest.raises(ValueError, match="integers"):
        pid_of_answers(good / 2, good, good)
    with pytest.raises(ValueError, match="lie in"):
        pid_of_answers(good - 1, good, good)
    with pytest.raises(ValueError, match="bins"):
        pid_of_answers(good, good, good, bins=1)


def test_samples_are_ordered_by_what_moves_them() -> None:
    shares = np.array([[0.1, 0.5, 0.9, 0.0], [0.1, -0.4, 0.0, 0.0]])
    assert order_of_samples(shares, "moved").tolist() == [1, 2, 0, 3]
    assert order_of_samples(shares, "one-sided").tolist() == [2, 1, 0, 3]
    assert order_of_samples(shares, "opposed").tolist() == [1, 2, 3, 0]
    assert order_of_samples(shares, "given").tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="no order"):
        order_of_samples(shares, "best")
