"""Dominance measures that need a model: against brute force, by hand, and on data of known truth."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmlab.analysis.attribution.explainers.gradcam_plus import plus
from mmlab.analysis.attribution.faithfulness import faithfulness, patches
from mmlab.analysis.attribution.registry import EXPLAINERS, find
from mmlab.analysis.attribution.sanity_checks import RandomLabelModel, learn_random_labels, reinitialise
from mmlab.analysis.base.coalitions import sweep_to_coalitions
from mmlab.analysis.base.input_swapping import InputSwapper
from mmlab.analysis.base.model_twin import recorded
from mmlab.analysis.base.sampling import complete_samples, derangement
from mmlab.analysis.dominance.agreement import agreement
from mmlab.analysis.dominance.cue_conflict import measure_conflict
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.export import as_csv, as_json
from mmlab.analysis.dominance.gradient_conflict import combination_gradients, gradient_pair
from mmlab.analysis.dominance.layer_evidence import evidence_shares
from mmlab.analysis.dominance.measure import (
    MEASURES,
    Column,
    Evidence,
    Measure,
    Number,
    PairMeasure,
    PairNumbers,
    measures,
    pair_measures,
    truths_of,
)
from mmlab.analysis.dominance.payoffs import sample_values, value_table
from mmlab.analysis.dominance.perturbations import ProbeBudget, Probing, keep, probe, stored
from mmlab.analysis.dominance.report import dominance_report, lattice_of
from mmlab.analysis.dominance.synthetic_tasks import SETS, data_named
from mmlab.cli.app import main
from mmlab.core.batch import Samples
from mmlab.core.errors import DataError, NothingPresent, UnknownName, Unsupported
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modalities, Modality
from mmlab.core.outputs import Classification
from mmlab.core.results import Attribution
from mmlab.core.task import TASKS, TaskInfo
from mmlab.experiments.synthetic_validation import validate_measures
from mmlab.inference.imputation import shipped
from mmlab.inference.sweep import fuse_all, sweep
from mmlab.testing import check_measure
from mmlab.testing.toy_task import OUTPUTS, ToyTask
from tests.library import measured as library_of
from tests.test_attribution import made

FEW = ProbeBudget(16, 8, 2, 1)
CASES = [(name, kind) for name in METHODS for kind in OUTPUTS if kind in METHODS[name].supports]


def toy(kind: str = "classification", count: int = 3) -> ToyTask:
    return ToyTask(kind, count)


def measured(name: str, task: ToyTask):
    method, test = made(name, task.info), task.samples("test")
    probes = probe(method, test, FEW)
    found = lattice_of(sweep(method, test))
    return dominance_report(found, task.info.output, task.info.modalities, probes, "own"), method, test, probes


# What answers are worth


def test_values_of_classes_by_hand() -> None:
    output = OUTPUTS["classification"]
    logits = np.log([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(sample_values(output, logits, [0, 1], "right"), [1, 0])
    np.testing.assert_allclose(sample_values(output, logits, [0, 1], "probability"), [0.7, 0.3])
    np.testing.assert_allclose(sample_values(output, logits, [0, 1], "log_probability"), np.log([0.7, 0.3]))
    with pytest.raises(UnknownName, match="no value 'closeness'"):
        sample_values(output, logits, [0, 1], "closeness")


def test_values_of_numbers_and_regions_by_hand() -> None:
    number = OUTPUTS["regression"]
    np.testing.assert_allclose(sample_values(number, [[0.5], [-0.2]], [0.3, 0.1], "closeness"), [-0.2, -0.3])
    np.testing.assert_allclose(sample_values(number, [[0.5], [-0.2]], [0.3, 0.1], "right"), [1, 0])
    regions = OUTPUTS["segmentation"]
    logits = np.full((1, 2, 2, 2), -5.0)
    logits[0, 0, 0] = 5
    truth = np.zeros((1, 2, 2, 2), bool)
    truth[0, 0, :, 0] = True
    assert sample_values(regions, logits, truth, "right")[0] == pytest.approx((2 * 1 / 4 + 1) / 2)
    kept = regions.summarise(torch.from_numpy(logits), torch.from_numpy(truth)).numpy()
    assert sample_values(regions, kept, truth.sum((2, 3)), "right")[0] == pytest.approx((2 * 1 / 4 + 1) / 2)


# Mixtures of samples


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_mixed_inputs_are_answered_as_if_they_had_been_encoded_together(name: str, kind: str) -> None:
    task = toy(kind)
    method, test = made(name, task.info), task.samples("test").take(6)
    mixer = InputSwapper(method, test.inputs)
    generator = np.random.default_rng(0)
    rows = generator.integers(0, 6, (9, 3))
    mixed = {m.name: test.inputs[m.name][rows[:, k]] for k, m in enumerate(method.modalities)}
    for combination in method.modalities.subsets():
        present = np.tile(method.modalities.row(combination), (9, 1))
        expected = fuse_all(method, mixed, [combination])[0].logits.numpy()
        np.testing.assert_allclose(mixer.answers(rows, present), expected, atol=2e-5)
    assert all("forward" not in vars(module) and not module._forward_hooks for module in method.modules())


def test_nobody_keeps_their_place() -> None:
    for size in (2, 3, 40):
        order = derangement(size, np.random.default_rng(size))
        assert sorted(order) == list(range(size))
        assert (order != np.arange(size)).all()


# Probes


def test_a_model_that_adds_its_inputs_up_loses_nothing_as_an_additive_one() -> None:
    _, _, _, probes = measured("ensemble", toy())
    np.testing.assert_allclose(probes.found["emap"]["paired"][:, 0], probes.found["emap"]["paired"][:, 1])


def test_an_input_that_is_ignored_is_not_missed() -> None:
    task = toy()
    method = made("ensemble", task.info)
    with torch.no_grad():
        for parameter in method.heads["m1"].parameters():
            parameter.zero_()
    probes = probe(method, task.samples("test"), FEW)
    np.testing.assert_array_equal(probes.found["perceptual"]["permuted"][1], probes.found["perceptual"]["own"].mean())
    np.testing.assert_allclose(probes.found["gradient"]["shares"][:, 1], 0, atol=1e-7)
    silent = np.isclose(probes.found["cam"]["shares"], 1 / 3).all(
        1
    )  # nothing speaks for the right answer: shares are equal
    np.testing.assert_allclose(probes.found["cam"]["shares"][~silent, 1], 0, atol=1e-7)


def test_permuting_equals_permuting_the_inputs_themselves() -> None:
    task = toy(count=2)
    method, test = made("joint", task.info), task.samples("test").take(12)
    probes = probe(method, test, ProbeBudget(12, 8, 1, 1), seed=3)
    order = derangement(12, np.random.default_rng(3))
    inputs = {**test.inputs, "m0": test.inputs["m0"][torch.from_numpy(order)]}
    logits = fuse_all(method, inputs, [method.modalities.full])[0].logits.numpy()
    assert probes.found["perceptual"]["permuted"][0, 0] == pytest.approx(
        float((logits.argmax(1) == test.target.numpy()).mean())
    )


@pytest.mark.parametrize("name", list(METHODS))
def test_gradient_shares_of_many_samples_are_those_of_each(name: str) -> None:
    task = toy()
    method, test = made(name, task.info), task.samples("test").take(5)
    gradient, cam, net = evidence_shares(method, test)
    np.testing.assert_allclose(gradient.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(cam.sum(1), 1, atol=1e-6)
    for row in range(5):
        inputs = {m: value[row] for m, value in test.inputs.items()}
        single = find("gradcam").run(method, inputs, [method.modalities.full], int(test.target[row]))
        np.testing.assert_allclose(gradient[row], list(single.shares["m0-m1-m2"].values()), atol=1e-4)
        np.testing.assert_allclose(net[row], list(single.net["m0-m1-m2"].values()), atol=1e-4)


def test_the_mass_of_a_map_by_hand() -> None:
    """Channels weighted by their mean gradient, added up, positive part, summed over places."""
    method = made("dropout")
    generator = torch.Generator().manual_seed(2)
    inputs = {m.name: torch.randn(1, *m.shape, generator=generator) for m in method.modalities}
    layers = {name: method.cam_layers(name, method.modalities.full)[0] for name in method.modalities.names}
    with recorded(list(layers.values())) as found:
        score = method(inputs, method.modalities.mask(method.modalities.full, 1)).logits[0, 1]
    masses = []
    for layer in layers.values():
        value = found[layer]
        (gradient,) = torch.autograd.grad(score, value, retain_graph=True)
        heat = sum(gradient[0, c].mean() * value[0, c] for c in range(value.shape[1]))
        masses.append(float(heat[heat > 0].detach().sum()))
    samples = Samples(inputs, torch.ones(1, 3, dtype=torch.bool), torch.tensor([1]), ("s",), ("s",))
    np.testing.assert_allclose(evidence_shares(method, samples)[1][0], np.array(masses) / sum(masses), atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_panel_fits_every_method_and_output(name: str, kind: str) -> None:
    found, _, _, probes = measured(name, toy(kind))
    assert len(found.pairs) == 3
    for row in found.rows:
        assert bool(row.problem) != bool(len(row.numbers)), row.measure.name
        for number in row.numbers:
            assert np.isfinite(number.value)
            assert number.arithmetic.value == pytest.approx(number.value, abs=1e-9), row.measure.name
    for pair in found.pairs:
        assert pair.found.keys() | pair.problems.keys() == {"interaction", "utilisation_gap", "pid"}
        assert not pair.found.keys() & pair.problems.keys()
        for name, numbers in pair.found.items():
            for number in numbers.numbers:
                assert number.arithmetic.value == pytest.approx(number.value, abs=1e-9), name
    if kind == "regression":
        assert "no probability" in found.row("discrepancy").problem
    if kind == "segmentation":
        assert "picture" in found.pairs[0].problems["pid"]
    assert probes.swapped.shape[0] == 8
    donors = dominance_report(
        probes.lattice(toy(kind).info.modalities, {}), OUTPUTS[kind], toy(kind).info.modalities, probes, "d"
    )
    assert "another sample" in donors.nothing
    assert len(as_csv(found).splitlines()) > len(found.rows)
    assert as_json(found)["measures"].keys() == {row.measure.name for row in found.rows}


def test_samples_that_lack_inputs_are_left_out_and_without_complete_ones_it_is_said() -> None:
    task = ToyTask(gaps=0.3)
    method, test = made("dropout", task.info), task.samples("test")
    complete = int(test.present.all(1).sum())
    assert 8 <= complete < len(test)
    probes = probe(method, test, FEW)
    found = dominance_report(lattice_of(sweep(method, test)), task.info.output, task.info.modalities, probes, "own")
    assert found.row("shapley:right").samples == complete
    for row in found.rows:
        assert np.isfinite(row.values).all()
    gaps = torch.zeros_like(test.present)
    gaps[:, 0] = True
    lacking = Samples(test.inputs, gaps, test.target, test.ids, test.groups)
    for ask in (lambda: lattice_of(sweep(method, lacking)), lambda: probe(method, lacking, FEW)):
        with pytest.raises(DataError):
            ask()


def test_fair_shares_add_up_and_are_what_every_order_gives() -> None:
    found, method, test, _ = measured("dropout", toy())
    table = value_table(
        method.output, sweep_to_coalitions(sweep(method, test)).logits, test.target.numpy(), "right"
    ).mean(1)
    shares = found.row("shapley:right").values
    assert shares.sum() == pytest.approx(table[-1] - table[0])
    gains = np.zeros(3)
    for order in itertools.permutations(range(3)):
        there = 0
        for modality in order:
            gains[modality] += (table[there | 1 << modality] - table[there]) / 6
            there |= 1 << modality
    np.testing.assert_allclose(shares, gains, atol=1e-12)


def test_too_few_complete_samples_are_refused() -> None:
    task = toy()
    with pytest.raises(DataError, match="Fewer than 8"):
        probe(made("joint", task.info), task.samples("test").take(7), FEW)
    gaps = ToyTask(gaps=0.6).samples("test")
    assert bool(complete_samples(gaps, 100).present.all()) if int(gaps.present.all(1).sum()) >= 8 else True


def test_probes_are_kept_by_digest(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    _, _, _, probes = measured("joint", toy())
    assert stored("abc", FEW) is None
    keep(probes, "abc", FEW)
    again = stored("abc", FEW)
    assert again is not None
    assert again.ids == probes.ids
    assert again.found.keys() == probes.found.keys()
    for name, arrays in probes.found.items():
        for key, value in arrays.items():
            np.testing.assert_array_equal(again.found[name][key], value)
    assert stored("abd", FEW) is None
    assert stored("abc", ProbeBudget(17, 8, 2, 1)) is None


def test_probing_can_be_stopped_and_leaves_nothing_behind() -> None:
    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        if share >= 0.3:
            raise Enough

    task = toy()
    method = made("joint", task.info)
    with pytest.raises(Enough):
        probe(method, task.samples("test"), FEW, tell=stop)
    assert all("forward" not in vars(module) and not module._forward_hooks for module in method.modules())


def test_the_command_says_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ProbeBudget, "usual", classmethod(lambda cls, output: FEW))
    monkeypatch.setattr(TASKS["digits"], "samples", lambda self, split: shipped("digits", 16))
    library_of(tmp_path, "digits", "dropout", samples=16)
    given = ["dominance", "--task", "digits", "--method", "dropout", "--checkpoints", str(tmp_path)]
    assert main([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["measures"]) == {each.name for each in measures()} - {"shapley:closeness"}
    assert set(told["pairs"]["image-sound"]) == {each.name for each in pair_measures()} | {"problem"}
    assert main([*given, "--absent", "donor"]) == 0
    text = capsys.readouterr().out
    assert "Kendall's W" in text
    assert all(label in text for label in ("Image", "Sound", "Pen"))
    assert main([*given[:-4], "--method", "luck"]) == 2


# Agreement


def test_agreement_by_hand() -> None:
    same = {"alone": np.array([0.9, 0.5]), "dropped": np.array([0.4, 0.1])}
    found = agreement(same, ("A", "B"))
    assert found.w == pytest.approx(1)
    assert found.verdict == "no more than chance gives"  # two of two are of one mind half of the time
    assert found.leaders == {"A": ("alone", "dropped")}
    assert not found.disputes
    other = agreement({**same, "cam": np.array([0.1, 0.9]), "gradient": np.array([0.5, 0.5])}, ("A", "B"))
    assert other.leaders == {"A": ("alone", "dropped"), "B": ("cam",)}
    assert other.undecided == ("gradient",)
    assert {dispute.first_measures for dispute in other.disputes} == {("alone",), ("dropped",)}
    assert np.isnan(agreement({"alone": np.array([1.0, 0.0])}, ("A", "B")).w)
    assert np.isnan(agreement({name: np.zeros(2) for name in same}, ("A", "B")).w)


# Contradictions


def test_contradictions_are_counted_as_by_hand() -> None:
    method = summing()
    generator = np.random.default_rng(0)
    sign = np.where(np.arange(24) % 2, 1.0, -1.0)
    inputs = {
        name: torch.from_numpy((sign[:, None] * generator.uniform(0, 1, (24, SIZE))).astype(np.float32))
        for name in "ab"
    }
    inputs["a"][:4] *= -1  # a says the opposite: these samples cannot be used
    target = (sign < 0).astype(np.int64)
    found = measure_conflict(InputSwapper(method, inputs), target, method.output, "a", "b")
    alone = [fuse_all(method, inputs, [c])[0].logits.argmax(1).numpy() for c in method.modalities.subsets()[:2]]
    usable = np.flatnonzero((alone[0] == target) & (alone[1] == target))
    assert len(usable) == 20
    wins, losses = np.zeros((2, 2), int), np.zeros((2, 2), int)
    for a, b in itertools.product(usable, usable):
        if target[a] != target[b]:
            mixed = {"a": inputs["a"][[a]], "b": inputs["b"][[b]]}
            said = int(fuse_all(method, mixed, [method.modalities.full])[0].logits.argmax())
            wins[target[a], target[b]] += said == target[a]
            losses[target[a], target[b]] += said == target[b]
    np.testing.assert_array_equal(found.wins, wins)
    np.testing.assert_array_equal(found.losses, losses)
    assert found.readable == len(usable)
    assert found.share > 0.5, "a has the larger weights"


@pytest.mark.parametrize("kind", list(OUTPUTS))
def test_contradictions_of_every_kind_of_answer(kind: str) -> None:
    task = toy(kind)
    test = task.samples("test").take(20)
    method = made("dropout", task.info)
    mixer = InputSwapper(method, test.inputs)
    if kind == "classification":  # nobody is right about a class that an untrained model never says
        with pytest.raises(DataError, match="No two samples"):
            measure_conflict(mixer, np.zeros(20, np.int64), method.output, "m0", "m2")
        return
    found = measure_conflict(mixer, test.target.numpy(), method.output, "m0", "m2")
    assert (found.wins + found.losses <= found.counts).all()
    assert found.counts.sum() > 0


# Gradients


def test_two_gradients_in_conflict_by_hand() -> None:
    found = gradient_pair(1, 2, 120)
    assert found.conflict
    np.testing.assert_allclose(found.total, [0, np.sqrt(3)], atol=1e-9)
    np.testing.assert_allclose(found.first_kept, [0.75, np.sqrt(3) / 4], atol=1e-9)
    np.testing.assert_allclose(found.second_kept, [0, np.sqrt(3)], atol=1e-9)
    assert abs(found.first_kept @ found.second) < 1e-9
    calm = gradient_pair(1, 2, 60)
    assert not calm.conflict
    np.testing.assert_allclose(calm.kept, calm.total)
    assert gradient_pair(1, 3, 170).pull[0] < 0 <= min(gradient_pair(1, 3, 170).pull_kept)
    with pytest.raises(ValueError, match="negative"):
        gradient_pair(-1, 1, 10)


def test_gradients_of_combinations_by_hand() -> None:
    task = toy()
    method, test = made("dropout", task.info), task.samples("test")
    batch = test.batch(range(16))
    found = combination_gradients(method, batch)
    parameters = list(method.parameters())
    rows = []
    for combination in method.modalities.subsets():
        loss = method.output.loss(method(batch.inputs, method.modalities.mask(combination, 16)).logits, batch.target)
        grads = torch.autograd.grad(loss.mean(), parameters, allow_unused=True)
        rows.append(
            torch.cat(
                [(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(parameters, grads, strict=True)]
            )
        )
    table = torch.stack(rows)
    table = table[:, (table != 0).sum(0) > 1]
    np.testing.assert_allclose(found.lengths, table.norm(dim=1).numpy(), rtol=1e-4)
    cosine = float(torch.nn.functional.cosine_similarity(table[0], table[6], dim=0))
    assert found.cosines[0, 6] == pytest.approx(cosine, abs=1e-4)
    assert found.encoders[0, 1] == 0
    assert all(parameter.grad is None for parameter in method.parameters())
    with pytest.raises(DataError, match="share a parameter"):
        combination_gradients(made("specialists", task.info), batch)


# Ways to explain


@pytest.mark.parametrize("way", [name for name in EXPLAINERS if name != "gradcam"])
@pytest.mark.parametrize("name", ["joint", "specialists", "m3ixup", "gmd"])
def test_every_way_to_explain_gives_an_absent_input_exactly_nothing(way: str, name: str) -> None:
    method = made(name)
    generator = torch.Generator().manual_seed(1)
    inputs = {m.name: torch.randn(m.shape, generator=generator) for m in method.modalities}
    told: list[float] = []
    found = find(way).run(method, inputs, method.modalities.subsets(), 1, told.append)
    for combination in method.modalities.subsets():
        assert sum(found.shares[combination.key].values()) == pytest.approx(1, abs=1e-5)
        expected = method({n: v[None] for n, v in inputs.items()}, method.modalities.mask(combination, 1)).logits[0, 1]
        assert found.score[combination.key] == pytest.approx(float(expected.detach()), abs=1e-4)
        for m in method.modalities:
            heat = found.maps[combination.key][m.name]
            assert heat.shape == m.shape[1:]
            assert np.isfinite(heat).all()
            assert 0 <= heat.min() <= heat.max() <= 1
            if m.name not in combination:
                assert not heat.any()
                assert found.shares[combination.key][m.name] == 0
    assert told == sorted(told)
    assert not find(way).slow or told[-1] == pytest.approx(1, abs=0.35)
    assert all(parameter.grad is None for parameter in method.parameters())


class Sum(Method):
    """Logits are weighted sums of vectors: every attribution is known."""

    title = "Sum"

    def __init__(self, info: TaskInfo, config: object) -> None:
        super().__init__(info, config)
        self.encoders = nn.ModuleDict({m.name: Body(m.shape[0]) for m in info.modalities})

    def fuse(self, features, present):
        from mmlab.core.method import Fused

        on = [features.alone[name] * present[:, [k]] for k, name in enumerate(self.modalities.names)]
        score = torch.stack([each.sum(1) for each in on]).sum(0)
        logits = torch.stack([score, -score], 1)
        return Fused(logits, logits)

    def losses(self, batch, run):
        return {}


class Body(nn.Module):
    """A weight for each place."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.body = Weights(size)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.body(inputs)


class Weights(nn.Module):
    """inputs x weights."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs * self.weight


SIZE = 16


def summing() -> Method:
    modalities = [Modality(name, "vector", (SIZE,), name.upper(), name.upper()) for name in ("a", "b")]
    method = Sum(TaskInfo("sum", Modalities(modalities), Classification(("yes", "no"))), None).eval()
    with torch.no_grad():
        method.encoders["a"].body.weight.copy_(torch.linspace(0, 0.6, SIZE) ** 2)
        method.encoders["b"].body.weight.copy_(torch.linspace(0.2, 0, SIZE) ** 2)
    return method


@pytest.mark.parametrize("way", ["gradient_input", "integrated", "occlusion"])
def test_a_weighted_sum_is_explained_by_its_weights(way: str) -> None:
    method = summing()
    inputs = {"a": torch.ones(SIZE), "b": torch.ones(SIZE)}
    found = find(way).run(method, inputs, [method.modalities.full], 0)
    weights = {name: method.encoders[name].body.weight.detach().numpy() for name in "ab"}
    total = sum(weight.sum() for weight in weights.values())
    assert found.shares["a-b"]["a"] == pytest.approx(weights["a"].sum() / total, abs=0.02)
    heat = found.maps["a-b"]["a"]
    if way != "occlusion":
        np.testing.assert_allclose(heat, weights["a"] / weights["a"].max(), atol=1e-4)
    assert np.argmax(heat) >= SIZE - 3


def test_grad_cam_plus_weighs_places_as_in_its_paper() -> None:
    """Eq. 19: alpha = g^2 / (2 g^2 + sum(A) g^3); weights are sums of alpha x ReLU(g), place by place."""
    value = torch.tensor([[[1.0, 3.0], [0.5, 0.0]]])
    gradient = torch.tensor([[[0.2, -0.4], [0.0, 0.6]]])
    alpha = [[0.04 / (0.08 + 4 * 0.008), 0.16 / (0.32 - 4 * 0.064)], [0.0, 0.36 / (0.72 + 0.5 * 0.216)]]
    weights = (alpha[0][0] * 0.2, alpha[1][1] * 0.6)
    expected = [weights[0] * 1.0 + weights[1] * 0.5, weights[0] * 3.0]
    np.testing.assert_allclose(plus(value, gradient)[0, 0].numpy(), expected, rtol=1e-5)
    assert not plus(value, torch.zeros_like(value)).any()


def test_words_cannot_be_changed_a_little() -> None:
    words = [Modality("text", "text", (2, 8), "Text", "T"), Modality("face", "image", (1, 8, 8), "Face", "F")]
    torch.manual_seed(0)
    method = METHODS["dropout"](TaskInfo("w", Modalities(words), Classification(("a", "b"))), None).eval()
    inputs = {"text": torch.randint(1, 9, (2, 8)).float(), "face": torch.rand(1, 8, 8)}
    for way in ("integrated", "gradient_input"):
        with pytest.raises(Unsupported, match="made of words"):
            find(way).run(method, inputs, method.modalities.subsets(), 0)
    found = find("occlusion").run(method, inputs, method.modalities.subsets(), 0)
    assert found.maps["text"]["text"].shape == (8,)


# Faithfulness


def heats(change: Callable[[np.ndarray], np.ndarray]) -> Attribution:
    method = summing()
    maps = {name: change(method.encoders[name].body.weight.detach().numpy()).astype(np.float32) for name in "ab"}
    sums = {name: float(method.encoders[name].body.weight.detach().sum()) for name in "ab"}
    shares = {name: value / sum(sums.values()) for name, value in sums.items()}
    return Attribution({"a-b": maps}, {"a-b": shares}, {"a-b": 0.0}, 0)


def test_a_true_map_stands_the_tests_and_a_reversed_one_does_not() -> None:
    method, inputs = summing(), {"a": torch.ones(SIZE), "b": torch.ones(SIZE)}
    full, way = method.modalities.full, find("gradcam")
    true = faithfulness(method, inputs, full, heats(lambda weight: weight), way)
    checks = {check.title: check.passed for check in true.checks}
    assert checks["Deletion"] is True
    assert checks["Insertion"] is True
    assert checks["Dominant input"] is True
    assert true.cost["a"] > true.cost["b"]
    assert true.deletion["a"].ordered[0] == pytest.approx(true.insertion["a"].ordered[-1])
    reversed_ = faithfulness(method, inputs, full, heats(lambda weight: weight.max() - weight), way)
    assert [check.passed for check in reversed_.checks[:2]] == [False, False]
    assert reversed_.light == "red"


def test_a_map_that_every_network_has_says_nothing_of_what_was_learned() -> None:
    method, inputs = summing(), {"a": torch.ones(SIZE), "b": torch.ones(SIZE)}

    def always(*given: object, **named: object) -> Attribution:
        return heats(lambda weight: weight)

    from dataclasses import replace

    found = faithfulness(
        method, inputs, method.modalities.full, heats(lambda w: w), replace(find("gradcam"), explain=always)
    )
    assert found.map_similarity == pytest.approx({"a": 1.0, "b": 1.0})
    assert {check.title: check.passed for check in found.checks}["Parameter randomisation"] is False


def test_what_does_not_move_the_answer_is_not_tested() -> None:
    method = summing()
    inputs = {"a": torch.zeros(SIZE), "b": torch.zeros(SIZE)}
    found = faithfulness(method, inputs, method.modalities.full, heats(lambda w: w), find("gradcam"))
    assert [check.passed for check in found.checks[:2]] == [None, None]
    assert found.checks[3].passed is None
    assert found.light != "green"
    with pytest.raises(NothingPresent):
        faithfulness(method, inputs, method.modalities.combination(["a"]), heats(lambda w: w), find("gradcam"))


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] in ("joint", "specialists", "gmd")])
def test_every_output_can_be_tested(name: str, kind: str) -> None:
    task = toy(kind)
    method = made(name, task.info)
    inputs = {m: value[0] for m, value in task.samples("test").inputs.items()}
    full = method.modalities.full
    found = faithfulness(method, inputs, full, find("gradcam").run(method, inputs, [full], 0), find("gradcam"))
    for curve in (*found.deletion.values(), *found.insertion.values()):
        assert np.isfinite(curve.ordered).all()
    assert found.light in ("green", "amber", "red")


def test_patches_cover_every_place_once() -> None:
    assert patches(Modality("a", "image", (1, 28, 28), "A", "A")).max() == 48
    assert patches(Modality("a", "path", (2, 16), "A", "A")).tolist() == list(range(16))
    assert len(np.unique(patches(Modality("a", "image", (3, 5, 40), "A", "A")))) == 35


def test_an_untrained_twin_has_other_parameters_and_the_same_statistics() -> None:
    method = made("joint")
    other = reinitialise(method, 1)
    assert not torch.equal(next(method.parameters()), next(other.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(method.buffers(), other.buffers(), strict=True))
    before = torch.get_rng_state()
    reinitialise(method, 2)
    assert torch.equal(before, torch.get_rng_state())


def test_a_network_learns_shuffled_answers_by_heart_and_its_maps_are_other_maps() -> None:
    task = toy()
    method, test = made("dropout", task.info), task.samples("test")
    told: list[float] = []
    found = learn_random_labels(method, test, seed=1, tell=told.append)
    assert found.learned > 0.5
    assert told[-1] == 1
    assert not found.method.training
    assert not torch.equal(next(method.parameters()), next(found.method.parameters()))
    assert learn_random_labels(method, test, seed=1).learned == pytest.approx(found.learned)


def test_shuffled_answers_are_one_more_check() -> None:
    method, inputs = summing(), {"a": torch.ones(SIZE), "b": torch.ones(SIZE)}
    full, maps = method.modalities.full, heats(lambda weight: weight)

    def check(network: Method, learned: float) -> bool | None:
        found = faithfulness(
            method, inputs, full, maps, find("gradient_input"), rote=RandomLabelModel(network, learned)
        )
        return {each.title: each.passed for each in found.checks}["Label randomisation"]

    assert check(method, 0.9) is False, "the same maps"
    assert check(method, 0.1) is None, "it learned nothing, so nothing can be said"
    other = reinitialise(method, 0)
    with torch.no_grad():
        for name in "ab":
            order = torch.randperm(SIZE, generator=torch.Generator().manual_seed(5))
            other.encoders[name].body.weight.copy_(method.encoders[name].body.weight[order])
    assert check(other, 0.9) is True


# Known truth


def test_known_sets_are_what_they_say() -> None:
    for which in SETS.values():
        left, right, label = which.draw(np.random.default_rng(0), 2000)
        knows = [(bits == label).mean() for bits in (left, right)]
        assert {"redundant": [1, 1], "unique": [1, 0.5], "synergy": [0.5, 0.5], "collapsed": [1, 1]}[which.name] == (
            pytest.approx(knows, abs=0.05)
        )
    with pytest.raises(UnknownName, match="no data set"):
        data_named("luck")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SETS))
def test_measures_find_what_is_known_or_say_why_not(name: str) -> None:
    tried = validate_measures(data_named(name))
    for verdict in tried.verdicts:
        assert verdict.holds or verdict.truth.blind, (verdict.measure.name, verdict.found)
    assert sum(verdict.holds for verdict in tried.verdicts) >= 3


# A measure is one file


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_keeps_the_contract(name: str) -> None:
    check_measure(name)


def test_measures_have_places_and_names_of_their_own_and_cover_the_synthetic_sets() -> None:
    assert not MEASURES.problems
    assert len({each.order for each in measures()}) == len(measures())
    names = [column.name for each in pair_measures() for column in each.columns]
    assert len(set(names)) == len(names)
    for data in SETS:
        assert len(truths_of(data)) >= 7


class Toy(Measure):
    title, symbol, question, about, source = "Toy", "t", "What is it?", "Nothing much.", "Nowhere"
    family, needs, ranks = "inside", "model", True

    def values(self, evidence: Evidence) -> np.ndarray:
        return evidence.probed(self.name)["sizes"]

    def probe(self, probing: Probing) -> dict[str, np.ndarray]:
        return {"sizes": np.arange(float(len(probing.method.modalities)))}


class Broken(Toy):
    def probe(self, probing: Probing) -> dict[str, np.ndarray]:
        raise ZeroDivisionError("by design")


class Short(Toy):
    def values(self, evidence: Evidence) -> np.ndarray:
        return np.zeros(1)


class Twice(PairMeasure):
    title, symbol, question, about, source = "Twice", "2", "What is it?", "Two numbers.", "Nowhere"
    family = "alone"
    columns = (Column("one", "one"), Column("two", "two"))

    def numbers(self, evidence: Evidence, first: int, second: int) -> PairNumbers:
        steps = Arithmetic("As it is", ("what", "value"), (("it", 1.0),))
        return PairNumbers((Number(1.0, steps), Number(2.0, steps)))


@pytest.fixture
def more_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    MEASURES.discover()
    for name, kind in {"toy": Toy, "broken": Broken, "short": Short, "twice": Twice}.items():
        monkeypatch.setitem(MEASURES._items, name, kind)


@pytest.mark.usefixtures("more_measures")
def test_a_registered_measure_is_in_the_panel_and_in_the_exports_and_a_broken_one_hides_nothing() -> None:
    found, _, _, _ = measured("joint", toy())
    assert found.row("toy").values.tolist() == [0, 1, 2]
    assert found.row("toy").numbers[2].arithmetic.value == 2
    assert "ZeroDivisionError: by design" in found.row("broken").problem
    assert "1 values for 3 inputs" in found.row("short").problem
    assert np.isfinite(found.row("shapley:right").values).all()
    told = as_json(found)
    assert told["measures"]["toy"]["values"]["m1"]["value"] == 1
    assert told["pairs"]["m0-m1"]["twice"] == {"one": 1.0, "two": 2.0}
    lines = as_csv(found).decode().splitlines()
    assert any(line.startswith("toy,") for line in lines)
    assert any(line.startswith("twice_two,m0-m1,2") for line in lines)
    check_measure("toy")
    check_measure("twice")
    for name, complaint in {"broken": "by design", "short": "for 3 modalities"}.items():
        with pytest.raises((AssertionError, ZeroDivisionError), match=complaint):
            check_measure(name)


@pytest.mark.usefixtures("more_measures")
def test_what_a_broken_measure_left_is_not_kept_and_more_measures_are_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    _, _, _, probes = measured("joint", toy())
    keep(probes, "abc", FEW)
    assert stored("abc", FEW) is None
    monkeypatch.delitem(MEASURES._items, "broken")
    _, _, _, probes = measured("joint", toy())
    keep(probes, "abc", FEW)
    assert stored("abc", FEW) is not None
    monkeypatch.delitem(MEASURES._items, "toy")
    assert stored("abc", FEW) is None
