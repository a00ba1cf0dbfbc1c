"""How far a map is to be trusted and where combinations lie: against scikit-learn, SciPy and by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.stats import spearmanr
from sklearn import manifold, metrics, neighbors
from sklearn.decomposition import PCA
from sklearn.model_selection import LeaveOneOut, cross_val_score

from mmlab.analysis.embedding import alignment, map_quality, nearest_neighbours, point_attributes, variance_vs_error
from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import DataError
from mmlab.core.outputs import Classification, Regression, Segmentation
from mmlab.core.outputs.segmentation import ENTROPY, FOUND, KEPT, SHARED, THERE
from mmlab.core.results import Sweep
from tests.test_embedding import invented


def cloud(count: int = 220, size: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, their PCA and labels."""
    rng = np.random.default_rng(3)
    labels = np.arange(count) % 4
    points = rng.normal(0, 1, (count, size)) + rng.normal(0, 1.5, (4, size))[labels]
    return points, PCA(2).fit_transform(points), labels


@pytest.mark.parametrize("count", [1, 5, 15])
def test_trustworthiness_and_continuity_equal_scikit_learns(count: int):
    points, picture, _ = cloud()
    assert map_quality.trustworthiness(points, picture, count) == pytest.approx(
        manifold.trustworthiness(points, picture, n_neighbors=count), abs=1e-12
    )
    assert map_quality.continuity(points, picture, count) == pytest.approx(
        manifold.trustworthiness(picture, points, n_neighbors=count), abs=1e-12
    )


def test_a_part_of_the_points_stands_for_all_of_them():
    points, picture, _ = cloud(600)
    assert map_quality.trustworthiness(points, picture, 10, most=300) == pytest.approx(
        map_quality.trustworthiness(points, picture, 10), abs=0.02
    )
    assert map_quality.trustworthiness(points, points, 10) == 1
    with pytest.raises(ValueError, match="too many"):
        map_quality.trustworthiness(points[:20], picture[:20], 10)


def test_silhouette_equals_scikit_learns():
    points, _, labels = cloud()
    assert map_quality.silhouette(points, labels) == pytest.approx(metrics.silhouette_score(points, labels), abs=1e-9)
    lonely = labels.copy()
    lonely[0] = 9
    assert map_quality.silhouette(points, lonely) == pytest.approx(metrics.silhouette_score(points, lonely), abs=1e-9)
    with pytest.raises(ValueError, match="two classes"):
        map_quality.silhouette(points, np.zeros(len(points)))


@pytest.mark.parametrize("count", [1, 7, 15])
def test_neighbour_accuracy_equals_scikit_learns_left_out_one_by_one(count: int):
    points, _, labels = cloud(120)
    model = neighbors.KNeighborsClassifier(count)
    theirs = cross_val_score(model, points, labels, cv=LeaveOneOut()).mean()
    assert map_quality.neighbour_accuracy(points, labels, count) == pytest.approx(theirs)


def test_the_nearest_are_scikit_learns_and_never_ones_own():
    points, _, _ = cloud(80)
    theirs = neighbors.NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)[1][:, 1:]
    np.testing.assert_array_equal(map_quality.nearest_others(points, 5), theirs)
    twice = np.concatenate([points, points + 1e-3])
    owners = np.tile(np.arange(80), 2)
    near = map_quality.nearest_others(twice, 5, owners)
    assert not (owners[near] == owners[:, None]).any()
    assert (owners[map_quality.nearest_others(twice, 1)][:, 0] == owners).all(), "without owners the twin is nearest"


def test_overlap_by_hand():
    """On a line whose last point moves far away: the one before it takes another second neighbour, nobody else."""
    line = np.array([[0.0], [1.0], [2.1], [3.3], [4.6]])
    assert map_quality.neighbour_overlap(line, line, 2) == 1
    other = np.array([[0.0], [1.0], [2.1], [3.3], [100.0]])
    assert map_quality.neighbour_overlap(line, other, 2) == pytest.approx((4 + 0.5) / 5)
    points, picture, _ = cloud()
    turned = picture @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert map_quality.neighbour_overlap(picture, turned, 15) == 1
    assert 0 < map_quality.neighbour_overlap(points, picture, 15) < 1


def test_numbers_of_neighbours_go_with_ones_own():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 2))
    assert map_quality.neighbour_correlation(points, points[:, 0]) > 0.9
    assert abs(map_quality.neighbour_correlation(points, rng.normal(size=300))) < 0.3
    for same in (1.0, 0.1, 1e9 / 7):  # 0.1: the mean of 15 equal numbers differs from them by rounding
        assert np.isnan(map_quality.neighbour_correlation(points, np.full(300, same)))
        assert np.isnan(map_quality.neighbour_correlation(points, np.full(300, same, np.float32)))


def test_alignment_by_hand():
    """Complete codes (±1, 0) and (0, ±1); `a` is the same turned by 90 degrees, `b` the same moved by (3, 0)."""
    complete = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float32)
    turned = complete @ np.array([[0, 1], [-1, 0]], np.float32)
    mean = np.stack([turned, complete + np.array([3, 0], np.float32), complete])
    made = Sweep(
        ("a", "b", "a-b"), mean, mean, None, np.zeros(4), np.ones((4, 2), bool), ("w", "x", "y", "z"), ("g",) * 4
    )
    found = alignment.alignment(made)
    assert found.combinations == ("a", "b")
    np.testing.assert_allclose(found.own[0], 0, atol=1e-7)
    np.testing.assert_allclose(found.distance, [0, 3], atol=1e-6)
    np.testing.assert_allclose(found.gap[0], 0, atol=1e-7)
    np.testing.assert_allclose(found.own[1], [1, -1, 1 / 10**0.5, 1 / 10**0.5], atol=1e-6)
    assert 0 < found.gap[1] <= 2


def test_what_a_sample_lacks_is_not_aligned():
    found = invented()
    present = found.present.copy()
    present[7, 1] = False
    table = alignment.alignment(dataclasses.replace(found, present=present))
    assert np.isnan(table.own[:, 7]).all()
    assert np.isfinite(np.delete(table.own, 7, 1)).all()
    assert np.nanmean(table.own) > 0.8
    assert np.nanmean(table.other) > 0.8, "others of its class: samples differ by noise only"
    number = dataclasses.replace(found, target=np.linspace(0, 1, 90))
    assert abs(np.nanmean(alignment.alignment(number).other)) < 0.1, "where there are no classes: all others"
    with pytest.raises(DataError, match="Too few"):
        alignment.alignment(dataclasses.replace(found, present=np.zeros_like(present)))


def test_codes_point_at_the_centre_of_their_class():
    found = invented()
    cosines = alignment.to_class_centres(found)
    assert cosines.shape == (3, 90)
    assert np.nanmean(cosines) > 0.8
    shuffled = dataclasses.replace(found, target=np.random.default_rng(0).permutation(found.target))
    assert abs(np.nanmean(alignment.to_class_centres(shuffled))) < 0.3


def test_procrustes_equals_scipys():
    rng = np.random.default_rng(1)
    points, other = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    _, disparity = alignment.align(points, other)
    assert disparity == pytest.approx(procrustes(other, points)[2], abs=1e-9)


def test_a_turned_mirrored_scaled_moved_picture_is_laid_back():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(3, 20, 2))
    mirror = np.array([[0.6, 0.8], [0.8, -0.6]])
    moved = 2.5 * points @ mirror + np.array([4, -7])
    moved[1, 4] = np.nan
    back, disparity = alignment.align(moved, points)
    assert disparity == pytest.approx(0, abs=1e-9)
    assert np.isnan(back[1, 4]).all()
    np.testing.assert_allclose(np.delete(back[1], 4, 0), np.delete(points[1], 4, 0), atol=1e-5)


def test_neighbours_within_and_across_combinations():
    found = invented()
    place = found.mean[1, 8]
    near = nearest_neighbours.within(found, place, 1, 5, without=8)
    table = np.linalg.norm(found.mean[1] - place, axis=1)
    table[8] = np.inf
    np.testing.assert_array_equal(near.samples, np.argsort(table)[:5])
    assert set(near.combinations) == {1}
    assert (found.target[near.samples] == found.target[8]).all()
    far = nearest_neighbours.across(found, place, 1, 5, without=8)
    assert not {1} & set(far.combinations)
    assert len(set(far.samples)) == 5
    assert (np.diff(far.distances) >= 0).all()
    lacking = np.zeros_like(found.present)
    lacking[:, 0] = True
    only_a = dataclasses.replace(found, present=lacking)
    assert len(nearest_neighbours.within(only_a, place, 1, 5).samples) == 0
    assert set(nearest_neighbours.across(only_a, place, 1, 5).combinations) == {0}


def test_a_trend_and_its_correlation():
    rng = np.random.default_rng(0)
    values = rng.normal(size=200)
    shares = np.where(rng.random(200) < 1 / (1 + np.exp(-2 * values)), 1.0, 0.0)
    found = variance_vs_error.trend(values, shares)
    assert found.correlation == pytest.approx(spearmanr(values, shares).statistic)
    assert found.counts.sum() == 200
    assert found.shares[-1] > found.shares[0]
    gaps = values.copy()
    gaps[:50] = np.nan
    assert variance_vs_error.trend(gaps, shares).counts.sum() == 150
    assert np.isnan(variance_vs_error.trend(values, np.full(200, 0.1)).correlation)


def test_variance_by_combination_and_by_sample_counts_only_what_samples_have():
    found = invented()
    assert found.variance is not None
    present = found.present.copy()
    present[0] = [True] + [False] * (present.shape[1] - 1)
    gappy = dataclasses.replace(found, present=present)
    there = valid(gappy)
    good = np.where(there, 0.5, np.nan)
    seen = variance_vs_error.by_combination(gappy, good)
    assert seen.combinations == found.combinations
    np.testing.assert_allclose(seen.variance[-1], found.variance[-1, 1:].mean(), rtol=1e-5)
    assert np.isnan(seen.correlation), "all scores are equal"
    by_sample = variance_vs_error.by_sample(gappy)
    assert by_sample[0] == pytest.approx(float(found.variance[there[:, 0], 0].mean()), rel=1e-5)
    assert variance_vs_error.hardness([]) is None
    np.testing.assert_allclose(variance_vs_error.hardness([good, np.ones_like(good)]), 0.75)
    with pytest.raises(DataError, match="no variance"):
        variance_vs_error.by_sample(dataclasses.replace(found, variance=None))


def test_points_of_classes_have_their_properties():
    found = invented()
    table = point_attributes.properties(found, Classification(("x", "y", "z")))
    assert list(table) == ["class", "answer", "certainty", "combination", "variance"]
    answer = table["answer"]
    assert isinstance(answer, point_attributes.Labels)
    assert answer.judged
    np.testing.assert_array_equal(answer.codes == 0, found.logits.argmax(2) == found.target)
    sure = table["certainty"]
    assert isinstance(sure, point_attributes.Numbers)
    assert 1 / 3 <= sure.values.min() <= sure.values.max() <= 1


def test_groups_beyond_the_colours_are_one():
    found = invented()
    groups = tuple(f"person {i % 20}" if i > 30 else "anna" for i in range(90))
    table = point_attributes.properties(dataclasses.replace(found, groups=groups), Classification(("x", "y", "z")))
    shown = table["group"]
    assert isinstance(shown, point_attributes.Labels)
    assert len(shown.names) == point_attributes.MOST_GROUPS + 1
    assert shown.names[0] == "anna"
    assert shown.names[-1] == point_attributes.REST
    assert shown.codes.max() == point_attributes.MOST_GROUPS


def test_points_of_a_number_and_of_regions_have_theirs():
    found = invented()
    logits = np.linspace(-3, 3, 270, dtype=np.float32).reshape(3, 90, 1)
    number = dataclasses.replace(found, logits=logits, target=np.linspace(-2, 2, 90).astype(np.float32))
    table = point_attributes.properties(number, Regression(-3.0, 3.0))
    assert list(table)[:4] == ["target", "said", "error", "answer"]
    error = table["error"]
    assert isinstance(error, point_attributes.Numbers)
    np.testing.assert_allclose(error.values, np.abs(logits[..., 0] - number.target), atol=1e-6)

    kept = np.zeros((3, 90, 2, KEPT), np.float32)
    kept[..., SHARED], kept[..., FOUND], kept[..., THERE], kept[..., ENTROPY] = 30, 40, 60, 0.2
    regions = dataclasses.replace(found, logits=kept, target=np.full((90, 2), 60))
    table = point_attributes.properties(regions, Segmentation(("whole", "core")))
    assert list(table)[:3] == ["dice", "doubt", "size"]
    dice = table["dice"]
    assert isinstance(dice, point_attributes.Numbers)
    np.testing.assert_allclose(dice.values, 0.6)


def test_what_is_not_there_has_no_property():
    found = invented()
    present = found.present.copy()
    present[3, 0] = False
    certainty = point_attributes.properties(
        dataclasses.replace(found, present=present), Classification(("x", "y", "z"))
    )
    values = certainty["certainty"]
    assert isinstance(values, point_attributes.Numbers)
    assert np.isnan(values.values[:, 3]).tolist() == [True, False, True]
