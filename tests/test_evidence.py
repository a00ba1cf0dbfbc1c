"""The evidence of the papers, on cases that can be done by hand and on toy models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.analysis.attribution import faithfulness
from mmlab.analysis.base.ranking import spearman, tied_order
from mmlab.analysis.methods import m3ixup_evidence, method_evidence, training_log
from mmlab.core.errors import CheckpointError, DataError, Unsupported
from mmlab.core.method import METHODS
from mmlab.core.results import Sweep
from mmlab.inference.sweep import sweep
from mmlab.storage.checkpoints import PROGRESS
from mmlab.testing.toy_task import ToyTask
from mmlab.viz.methods import method_diagrams
from tests.test_methods import made, trainer

TASK = ToyTask(count=2)
MODALITIES = TASK.info.modalities
KEYS = ("m0", "m1", "m0-m1")
NORMS = ((2.0, 1.0), (0.0, 0.0), (6.0, 1.0))


def hand_made(mean: object, variance: object = None, logits: object = None, present: object = None) -> Sweep:
    """A sweep of two modalities from embeddings `[3, N, D]`."""
    values = np.asarray(mean, np.float32)
    count = values.shape[1]
    outputs = np.zeros((3, count, 3), np.float32) if logits is None else np.asarray(logits, np.float32)
    return Sweep(
        KEYS,
        outputs,
        values,
        None if variance is None else np.asarray(variance, np.float32),
        np.arange(count) % 2,
        np.ones((count, 2), bool) if present is None else np.asarray(present),
        tuple(map(str, range(count))),
        tuple(map(str, range(count))),
    )


def test_directions_are_cosines_of_the_same_sample() -> None:
    east, north, west = (1, 0), (0, 1), (-1, 0)
    found = method_evidence.directions(hand_made([[east, east], [north, east], [west, east]]), centred=False)
    assert found.names == (("m0", "m1"), ("m0", "m0-m1"), ("m1", "m0-m1"))
    np.testing.assert_allclose(found.pairs, [[0, 1], [-1, 1], [0, 1]], atol=1e-6)
    np.testing.assert_allclose(found.matrix, [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]], atol=1e-6)
    assert found.to_class is None
    assert found.sampled is None


def test_centring_takes_the_common_corner_away() -> None:
    """Embeddings 10 + ±1 in one dimension look alike as they are, and opposite about their mean."""
    far = hand_made([[(11,), (9,)], [(9,), (11,)], [(11,), (9,)]])
    np.testing.assert_allclose(method_evidence.directions(far, centred=False).pairs, 1)
    middle = method_evidence.directions(hand_made([[(11, 0)] * 2, [(9, 0)] * 2, [(10, 0)] * 2])).pairs
    np.testing.assert_allclose(middle[0], -1)


def test_directions_to_the_class_and_of_a_random_point() -> None:
    weights = np.array([(2.0, 0.0), (0.0, 3.0)])  # target: class 0, class 1
    mean = [[(5, 0), (5, 0)]] * 3
    still = method_evidence.directions(hand_made(mean, np.zeros((3, 2, 2))), weights, centred=False)
    assert still.to_class is not None
    np.testing.assert_allclose(still.to_class, [[1, 0]] * 3, atol=1e-6)
    np.testing.assert_allclose(still.sampled, still.to_class)
    noisy = method_evidence.directions(hand_made(mean, np.full((3, 2, 2), 9.0)), weights, centred=False)
    assert noisy.sampled is not None
    assert noisy.sampled[:, 0].mean() < 1


def test_only_complete_samples_are_compared() -> None:
    mean = np.random.default_rng(0).normal(size=(3, 4, 2))
    found = hand_made(mean, present=[(True, True), (True, False), (True, True), (False, True)])
    assert method_evidence.complete(found).tolist() == [0, 2]
    with pytest.raises(DataError):
        method_evidence.complete(hand_made(mean, present=[(True, False)] * 4))


def test_a_wider_cloud_with_a_worse_score_has_order_minus_one() -> None:
    right, wrong = (5, 0, 0), (0, 0, 5)
    logits = [[wrong, wrong], [right, wrong], [right, (0, 5, 0)]]
    variance = [np.full((2, 2), value) for value in (3.0, 2.0, 1.0)]
    found = method_evidence.spread_against_score(
        hand_made(np.zeros((3, 2, 2)), variance, logits), TASK.info.output, MODALITIES
    )
    assert found.score.tolist() == [0, 0.5, 1]
    assert found.correlation == pytest.approx(-1)
    with pytest.raises(Unsupported):
        method_evidence.spread_against_score(hand_made(np.zeros((3, 2, 2))), TASK.info.output, MODALITIES)


def test_equal_scores_have_no_order() -> None:
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))
    assert np.isnan(spearman([0.3, 0.1 + 0.2, 0.3], [1, 2, 3])), "rounding is no difference"
    assert np.isnan(spearman([np.nan, 1, 2], [1, 2, 3]))
    assert spearman([1, 2, 2, 3], [4, 3, 3, 1]) == pytest.approx(-1)
    right = [[(5, 0, 0), (0, 5, 0)]] * 3
    for widths in ((3.0, 2.0, 1.0), (1.0, 2.0, 3.0)):
        found = method_evidence.spread_against_score(
            hand_made(np.zeros((3, 2, 2)), [np.full((2, 2), each) for each in widths], right),
            TASK.info.output,
            MODALITIES,
        )
        assert len(set(found.score.tolist())) == 1
        assert np.isnan(found.correlation)


def test_who_is_first_does_not_depend_on_the_order_among_equals() -> None:
    assert tied_order([0.3, 1.0, 0.1 + 0.2]) == ((1,), (0, 2))
    assert tied_order([2, 2]) == ((0, 1),)
    assert tied_order([]) == ()
    method = made("joint", count=2)
    first, second = method.modalities.names
    for cost in ({first: 0.5, second: 0.2}, {first: 0.2, second: 0.5}):
        assert faithfulness._across(method, cost, {first: 0.5, second: 0.5}).passed, "both have the largest share"


def test_what_only_one_modality_is_good_at_is_taught() -> None:
    method = made("dimml", count=2)
    effective = torch.zeros(2, method.effective.shape[1], dtype=torch.bool)
    effective[0, :5] = effective[1, 3:7] = True  # 3 only the first, 2 both, 2 only the second
    with pytest.raises(CheckpointError):
        method_evidence.dimensions(method)
    method.effective.copy_(effective)
    found = method_evidence.dimensions(method)
    assert found.taught.tolist() == [[0, 3], [2, 0]]
    assert [each[:8].nonzero()[0].tolist() for each in found.shared_by(0, 1)] == [[3, 4], [0, 1, 2], [5, 6], [7]]
    with pytest.raises(Unsupported):
        method_evidence.dimensions(made("dropout", count=2))


def test_votes_from_a_sweep_are_those_of_the_model() -> None:
    method = made("dimml", count=3).eval()
    samples = ToyTask(count=3).samples("test")
    found = method_evidence.votes(method, sweep(method, samples))
    batch = samples.batch(range(len(samples)))
    with torch.no_grad():
        fused = method(batch.inputs, batch.present)
    np.testing.assert_allclose(found.weights, fused.extras["weights"].numpy(), atol=1e-5)
    assert found.heads == ("m0", "m1", "m2", "together")
    assert (found.together == (fused.logits.argmax(1) == batch.target).numpy()).all()
    both = [np.concatenate(found.of_heads(said)) for said in (True, False)]
    assert sum(map(len, both)) == found.weights.size
    assert found.mean_weight(True) == pytest.approx(both[0].mean())
    assert found.mean_weight(False) == pytest.approx(both[1].mean())
    with pytest.raises(Unsupported):
        method_evidence.votes(made("dropout", count=3), sweep(method, samples))


def test_relations_of_equal_models_do_not_differ() -> None:
    rng = np.random.default_rng(0)
    mean, logits = rng.normal(size=(3, 8, 4)), rng.normal(size=(3, 8, 3))
    student = hand_made(mean, logits=logits)
    same = method_evidence.relations(student, student, "m0-m1")
    np.testing.assert_allclose(same.distance, 0, atol=1e-12)
    assert same.labels.tolist() == [0] * 4 + [1] * 4
    np.testing.assert_allclose(np.linalg.norm(same.student, axis=1), 1)
    assert same.weights.mean() == pytest.approx(1, abs=1e-5)
    assert same.weight_of_heaviest(1) == pytest.approx(1)
    assert same.weight_of_heaviest(1 / 8) == pytest.approx(same.weights.max() / 8, rel=1e-4)
    assert same.difference_end == pytest.approx(0, abs=1e-12)
    assert method_evidence.relations(student, student, "m0").distance.mean() > 0
    with pytest.raises(DataError):
        method_evidence.relations(student, hand_made(mean[:, :6]), "m0")


def test_a_margin_is_first_less_second() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]]))
    np.testing.assert_allclose(method_evidence.margins(logits), [0.5, 0.25])
    assert [method_evidence.near_boundary(logits, lead) for lead in (0.2, 0.3, 0.6)] == [0, 0.5, 1]


def test_a_code_that_is_the_joint_code_has_no_gap() -> None:
    joint = np.eye(4)
    found = m3ixup_evidence.modality_gap(hand_made([joint, -joint, joint]), MODALITIES)
    np.testing.assert_allclose(found.own, [[1] * 4, [-1] * 4])
    np.testing.assert_allclose(found.other, 0)
    assert found.distance[0] == pytest.approx(0)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_adapting_goes_down_and_exploring_up(count: int) -> None:
    method = made("m3ixup", count=count).eval()
    found = m3ixup_evidence.mixing(method, sweep(method, ToyTask(count=count).samples("test")))
    np.testing.assert_allclose(found.adapted.sum(1), 1, atol=1e-5)
    assert found.losses[1] < found.losses[0]
    assert found.losses[1] < found.losses[2]
    with pytest.raises(Unsupported):
        m3ixup_evidence.mixing(
            made("m3ixup", count=count, update="none"), sweep(method, ToyTask(count=count).samples("test"))
        )


def rows(name: str, folder: Path) -> list[dict]:
    """The log of a short training on the toy."""
    for _ in trainer(name, count=3, folder=folder).epochs():
        pass
    return [json.loads(line) for line in (folder / PROGRESS).read_text().splitlines()]


def test_logs_of_real_trainings(tmp_path: Path) -> None:
    """What each method writes is what its views read."""
    spread = training_log.spread_log(rows("dmrnet", tmp_path / "dmrnet"))
    assert spread.variance.shape == (8, 7)
    assert len(spread.mined) == 3
    assert spread.since == 0
    lines = rows("gmd", tmp_path / "gmd")
    found = training_log.conflict_log(lines, ToyTask(count=3).info.modalities)
    assert found.cosines.shape == (8, 7, 7)
    assert found.before.shape == found.after.shape == (8, 18)
    assert found.where == training_log.SHARED
    assert (found.share_after <= found.share + 0.05).all()
    assert training_log.norm_log(lines).norms.shape == (8, 3)
    weak = training_log.drift_log(rows("mmanet", tmp_path / "mmanet"))
    assert weak.combinations == ("m0-m1", "m0-m2", "m1-m2")
    assert weak.mined
    for read in (training_log.spread_log, training_log.drift_log):
        with pytest.raises(CheckpointError):
            read(lines)
    with pytest.raises(CheckpointError):
        training_log.conflict_log([], ToyTask(count=3).info.modalities)


def test_shares_of_conflicts_by_hand() -> None:
    counts = [0] * 18
    counts[3], counts[10] = 3, 1
    row = {"epoch": 4, "logs": {"angles_before": counts, "angles_after": [1] + [0] * 17, "cosines": [[1.0] * 3] * 3}}
    found = training_log.conflict_log([row], MODALITIES)
    assert found.where == training_log.EVERYWHERE  # what version 0.1 logged
    assert found.share.tolist() == [0.25]
    assert found.share_after.tolist() == [0]
    assert found.epochs.tolist() == [4]
    later = {"epoch": 5, "logs": {"angles_before": [4] + [0] * 17, "angles_after": counts, "cosines": [[0.0] * 3] * 3}}
    both = training_log.conflict_log([row, later], MODALITIES)
    assert both.edges[:2].tolist() == [0, 10]
    assert both.during(5).share.tolist() == [0]
    whole = both.during(None)
    assert (whole.share.tolist(), whole.share_after.tolist()) == ([1 / 8], [1 / 5])
    np.testing.assert_allclose(whole.cosines, 0.5)


def test_gradient_norms_of_epochs_that_trained_something() -> None:
    lines = [{"epoch": k, "stage": "joint", "gradient_norm": {"m0": a, "m1": b}} for k, (a, b) in enumerate(NORMS)]
    found = training_log.norm_log(lines)
    assert found.trained.tolist() == [True, False, True]
    assert found.means.tolist() == [4, 1]
    assert found.ratio == 4
    with pytest.raises(CheckpointError, match="zero"):
        _ = training_log.norm_log(lines[1:2]).means


@pytest.mark.parametrize("letters", [("I", "S"), ("I", "S", "P"), ("A", "B", "C", "D")])
@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_is_drawn_for_any_number_of_modalities(method: str, letters: tuple[str, ...]) -> None:
    drawing = method_diagrams.draw(METHODS[method].diagram, letters, "<Sound>")
    assert drawing.count("<svg") == 2
    assert "<Sound>" not in drawing
    assert "nan" not in drawing


def test_what_the_miner_saw_is_told_apart_from_what_it_would_see_at_the_end() -> None:
    scores = {"a": 0.5, "b": 0.7, "a-b": 0.9}
    metrics = {key: {"accuracy": score} for key, score in scores.items()}
    early, late = {"a": 1.0, "b": 1.2, "a-b": 1.4}, {"a": 0.9, "b": 0.8, "a-b": 0.7}
    first = {"metrics": metrics, "variance": early, "logs": {"mined": [], "warmup_variance": early}}
    last = {"metrics": metrics, "variance": late, "logs": {"mined": ["b"], "warmup_variance": early}}
    then = training_log.miner_log([first, last], "accuracy", True)
    assert (then.mined, then.score) == (("b",), pytest.approx(1))
    assert then.size == pytest.approx(0.866, abs=1e-3)
    later = training_log.miner_at_the_end([first, last], "accuracy", True)
    assert later.score == pytest.approx(-1)
    assert training_log.miner_log([first, last], "accuracy", False).score == pytest.approx(-1)
    with pytest.raises(CheckpointError, match="mined"):
        training_log.miner_log([first], "accuracy", True)
