"""Intervals and tests where several samples come from one person: they hold as often as they say, or are refused."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from mmlab.analysis import mcnemar, paired_bootstrap
from mmlab.analysis.base.clusters import Clusters, in_words, percentile_interval, share_interval, sign_flip_p, wilson
from mmlab.analysis.robustness.paired_model_test import paired_model_test
from mmlab.analysis.robustness.per_sample_scores import Measure, grade
from mmlab.cli.app import main
from mmlab.core.group_name import group_name, several
from mmlab.core.outputs import Classification
from mmlab.core.results import Sweep
from mmlab.core.task import TASKS

FEW = "No 95 % interval: all test samples come from 2 people, and fewer than 5 do not show how far others differ."
CLASSES = Classification(("a", "b"))
Flags = np.ndarray


def people(count: int, each: int) -> tuple[str, ...]:
    return tuple(f"person {i // each}" for i in range(count * each))


def hits(rng: np.random.Generator, count: int, each: int) -> Flags:
    """Right answers of people whose own rates lie about 0.8, with a standard deviation of some 0.15."""
    rates = rng.beta(4.8, 1.2, count)
    return (rng.random((count, each)) < rates[:, None]).ravel()


def answers(right: Flags, names: tuple[str, ...]) -> Sweep:
    """A model of two inputs that is right on the same samples under each combination."""
    logits = np.zeros((3, len(right), 2), np.float32)
    logits[:, np.arange(len(right)), np.where(right, 0, 1)] = 1
    there, ids = np.ones((len(right), 2), bool), tuple(map(str, range(len(right))))
    return Sweep(("x", "y", "x-y"), logits, logits, None, np.zeros(len(right), np.int64), there, ids, names)


@pytest.mark.parametrize("count", [5, 8, 14, 40])
def test_intervals_of_shares_hold_the_truth_as_often_as_they_say(count: int) -> None:
    rng, each, held, plain = np.random.default_rng(count), 40, [], []
    clusters = Clusters.of(people(count, each))
    for _ in range(400):
        found = hits(rng, count, each).astype(float)
        low, high = share_interval(found, clusters)
        held.append(low <= 0.8 <= high)
        low, high = wilson(found.mean(), len(found))
        plain.append(low <= 0.8 <= high)
    assert 0.92 <= np.mean(held) <= 0.99
    assert np.mean(plain) < 0.7  # what samples that count as independent would claim


@pytest.mark.parametrize(("count", "least"), [(5, 0.85), (14, 0.91), (40, 0.92)])
def test_intervals_of_resampled_groups_hold_the_truth_as_often_as_they_say(count: int, least: float) -> None:
    rng, each, held = np.random.default_rng(count), 20, []
    names = people(count, each)
    for seed in range(300):
        values = np.repeat(rng.normal(0.3, 1, count), each) + rng.normal(0, 1, count * each)
        _, low, high = paired_bootstrap(values, 1000, seed, names)
        held.append(low <= 0.3 <= high)
    assert least <= np.mean(held) <= 0.99


def test_tests_of_groups_are_wrong_as_seldom_as_they_say() -> None:
    rng, names = np.random.default_rng(0), people(10, 30)
    clusters, false, plain = Clusters.of(names), [], []
    for _ in range(200):
        lead = np.repeat(rng.normal(0, 0.8, 10), 30)  # somebody's samples favour one model, somebody else's the other
        differences = np.sign(np.rint(lead + rng.normal(0, 0.5, 300))).astype(np.int64)
        false.append(sign_flip_p(differences, clusters) < 0.05)
        plain.append(mcnemar(int((differences > 0).sum()), int((differences < 0).sum())) < 0.05)
    assert np.mean(false) <= 0.07
    assert np.mean(plain) > 0.5


def test_flipped_signs_are_counted_exactly() -> None:
    sums = np.array([3, -1, 2, 5, 1])
    every = [abs(np.dot(signs, sums)) for signs in itertools.product((-1, 1), repeat=len(sums))]
    assert sign_flip_p(sums, Clusters.singles(5)) == pytest.approx(np.mean(np.array(every) >= abs(sums.sum())))
    one_each = np.repeat([1, -1, 0], [9, 2, 20])
    assert sign_flip_p(one_each, Clusters.singles(31)) == pytest.approx(mcnemar(9, 2))
    assert sign_flip_p(np.zeros(6, np.int64), Clusters.singles(6)) == 1


@pytest.mark.parametrize("count", [7, 20])
def test_flipped_signs_of_other_numbers_are_tried_or_drawn(count: int) -> None:
    whole = np.random.default_rng(count).integers(-3, 6, count)
    exact = sign_flip_p(whole, Clusters.singles(count))
    assert sign_flip_p(0.7 * whole, Clusters.singles(count)) == pytest.approx(exact, abs=0.012 if count > 14 else 1e-12)


def test_groups_of_one_sample_change_nothing() -> None:
    values = np.array([1.0] * 7 + [0.0] * 3)
    np.testing.assert_allclose(share_interval(values, Clusters.singles(10)), wilson(np.array(0.7), 10))
    names = tuple(map(str, range(10)))
    assert paired_bootstrap(values, groups=names) == paired_bootstrap(values)


def test_what_never_varies_counts_each_group_once() -> None:
    found = share_interval(np.ones(140), Clusters.of(people(14, 10)))
    np.testing.assert_allclose(found, wilson(np.array(1.0), 14, 2.1604), atol=1e-4)


def test_under_five_groups_nothing_is_claimed() -> None:
    right = hits(np.random.default_rng(0), 4, 50)
    one, other = (grade(answers(each, people(4, 50)), CLASSES) for each in (right, ~right))
    assert np.isnan(one.measures["accuracy"].intervals).all()
    assert np.isnan(one.measures["f1"].intervals).all()
    found = paired_model_test(one, other, "accuracy")
    assert np.isnan(found.interval).all()
    assert np.isnan(found.p).all()
    assert np.isfinite(found.difference).all()
    _, low, high = paired_bootstrap(np.arange(200.0), groups=people(4, 50))
    assert np.isnan([low, high]).all()
    assert np.isnan(percentile_interval(np.ones((9, 2)), Clusters.of(people(4, 1)))).all()


def test_two_models_are_compared_by_groups() -> None:
    rng = np.random.default_rng(3)
    fifth = np.repeat(np.arange(12) == 4, 20)
    right = hits(rng, 12, 20) & ~fifth
    better = right | fifth  # all of the gain is one person's
    names = people(12, 20)
    apart, together = (
        paired_model_test(grade(answers(better, each), CLASSES), grade(answers(right, each), CLASSES), "accuracy")
        for each in (tuple(map(str, range(240))), names)
    )
    assert apart.test == "McNemar"
    assert together.test == "sign flips of groups"
    assert together.p[3] == 1
    assert apart.p[3] < together.p[3]
    assert np.ptp(together.interval[3]) > np.ptp(apart.interval[3])


def test_a_part_of_the_samples_has_its_own_groups() -> None:
    measure = grade(answers(hits(np.random.default_rng(1), 6, 10), people(6, 10)), CLASSES).measures["accuracy"]
    assert isinstance(measure, Measure)
    assert measure.at(np.arange(50)).clusters.count == 5
    assert np.isnan(measure.at(np.arange(40)).intervals).all()


@pytest.mark.parametrize(
    ("groups", "samples", "said"),
    [
        (14, 1200, "95 % interval, clustered by person, 14 people."),
        (1200, 1200, "95 % interval over 1,200 samples."),
        (3, 3, "No 95 % interval: fewer than 5 samples."),
        (
            2,
            90,
            FEW,
        ),
    ],
)
def test_words_say_what_an_interval_rests_on(groups: int, samples: int, said: str) -> None:
    assert in_words(groups, samples, "person") == said


def test_nouns() -> None:
    assert [several(n, noun) for n, noun in ((1, "voice"), (2, "study"), (3, "person"), (4, "bus"))] == [
        "1 voice",
        "2 studies",
        "3 people",
        "4 buses",
    ]
    assert {
        name: group_name(TASKS[name])
        for name in ("digits", "watch", "faces", "opinion", "brain", "objects", "rooms", "actions")
    } == {
        "digits": "voice",
        "watch": "person",
        "faces": "person",
        "opinion": "voice",
        "brain": "head",
        "objects": "object",
        "rooms": "room",
        "actions": "video",
    }
    assert group_name(object()) == "group"


@pytest.mark.parametrize(
    ("task", "said"), [("digits", "clustered by voice, 14 voices"), ("watch", "come from 2 people")]
)
def test_evaluate_says_by_whom_it_clusters(task: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    shipped = Path(__file__).parents[1] / "checkpoints"
    chosen = ["--task", task, "--method", "dropout", "--tag", "seed0", "--checkpoints", str(shipped)]
    assert main(["evaluate", *chosen, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert said in found["interval"]
    for key, (low, high) in found["intervals"].items():
        if task == "watch":
            assert low is None
            assert high is None
        else:
            assert low < found["metrics"][key]["accuracy"] < high


@pytest.mark.parametrize(("task", "tested"), [("digits", True), ("watch", False)])
def test_methods_are_compared_over_people(task: str, tested: bool, capfd: pytest.CaptureFixture[str]) -> None:
    shipped = Path(__file__).parents[1] / "checkpoints"
    assert main(["compare", "--task", task, "--by-group", "--json", "--checkpoints", str(shipped)]) == 0
    found = json.loads(capfd.readouterr().out)
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["joint"]["difference"] < -0.05
    assert (rows["joint"]["p"] is not None) == tested == (rows["joint"]["low"] is not None)
    if tested:
        assert rows["joint"]["high"] < 0
        assert rows["joint"]["p"] < 0.05
    assert ("clustered by voice" if tested else FEW) in found["basis"]
