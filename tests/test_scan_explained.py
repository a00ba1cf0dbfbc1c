"""What explains an answer about a scan looks through the windows from which the answer was put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmlab.analysis.attribution.faithfulness import faithfulness
from mmlab.analysis.attribution.registry import EXPLAINERS, find
from mmlab.analysis.attribution.sanity_checks import learn_random_labels
from mmlab.analysis.base.input_swapping import InputSwapper
from mmlab.analysis.dominance.gradient_conflict import combination_gradients
from mmlab.analysis.dominance.layer_evidence import evidence_shares
from mmlab.analysis.robustness.out_of_distribution import encoder_views
from mmlab.core.backbone_families import as_read
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.inference.sweep import fuse_all
from mmlab.inference.windows import answered, windows_of
from tests.test_scan_regions import FINDERS, ToyScans

SIDE, WINDOW = 7, 5
LAYERED = ("gradcam", "gradcam++", "hirescam")


@pytest.fixture(scope="module")
def samples() -> Samples:
    return ToyScans(SIDE).samples("test").take(8)


def made(name: str = "dropout", window: int = WINDOW) -> Method:
    """A method with random parameters, the same each time."""
    info = as_read(ToyScans(SIDE).info, build(Plan, {"window": window}))
    torch.manual_seed(0)
    return METHODS[name](info, build(METHODS[name].Config, {})).eval()


def sample(samples: Samples, row: int = 1) -> dict[str, Tensor]:
    return {name: value[row] for name, value in samples.inputs.items()}


def shares(info: TaskInfo) -> list[tuple[tuple[slice, ...], Tensor]]:
    """Where the windows lie, and how much of each voxel of the answer is theirs."""
    logits = torch.zeros(1, 1, *info.places)
    return [(each.where, each.weights[0, 0]) for each in windows_of(info, {}, logits, lambda it: it.flatten(1).sum(1))]


@contextmanager
def looked_at(method: Method) -> Iterator[set[tuple[int, ...]]]:
    """The sides of everything that any convolution over scans is given, whoever's copy of the method it is in."""
    found: set[tuple[int, ...]] = set()
    whole = nn.Conv3d.forward

    def forward(layer: nn.Conv3d, values: Tensor) -> Tensor:
        if layer.in_channels == 1:
            found.add(tuple(values.shape[2:]))
        return whole(layer, values)

    nn.Conv3d.forward = forward  # type: ignore[method-assign]
    try:
        yield found
    finally:
        nn.Conv3d.forward = whole  # type: ignore[method-assign]


def test_shares_of_windows_add_up_to_one_at_every_voxel() -> None:
    info = made().info
    total = torch.zeros(info.places)
    for where, share in shares(info):
        total[where] += share
    torch.testing.assert_close(total, torch.ones(info.places))
    assert len(shares(info)) == 8


def test_an_answer_that_can_be_differentiated_is_the_answer(samples: Samples) -> None:
    """Its rows have different inputs; its gradients are those of windows put together by hand."""
    method = made()
    inputs = {name: value[:3].clone().requires_grad_() for name, value in samples.inputs.items()}
    present = torch.tensor([[True, True], [True, False], [False, True]])
    found = answered(method, inputs, present)
    for row, combination in enumerate(("m0-m1", "m0", "m1")):
        one = {name: value[row : row + 1].detach() for name, value in inputs.items()}
        (wanted,) = fuse_all(method, one, [method.modalities.parse(combination)])
        torch.testing.assert_close(found.logits[row], wanted.logits[0])
        torch.testing.assert_close(found.mean[row], wanted.mean[0])
    by_hand = torch.zeros_like(found.logits)
    for where, share in shares(method.info):
        part = {name: value[(..., *where)] for name, value in inputs.items()}
        by_hand[(..., *where)] += share * method(part, present).logits
    torch.testing.assert_close(found.logits, by_hand)
    mine, its = (torch.autograd.grad(each.square().sum(), list(inputs.values())) for each in (found.logits, by_hand))
    torch.testing.assert_close(mine, its)


def test_gradient_x_input_is_that_of_the_answer(samples: Samples) -> None:
    method = made()
    inputs = {name: value[None].clone().requires_grad_() for name, value in sample(samples).items()}
    (score,) = method.output.score(answered(method, inputs, torch.ones(1, 2, dtype=torch.bool)).logits, 1)
    slopes = torch.autograd.grad(score, list(inputs.values()))
    found = find("gradient_input").run(method, sample(samples), method.modalities.subsets(), 1)
    for (name, value), slope in zip(inputs.items(), slopes, strict=True):
        wanted, heat = (slope * value).detach()[0, 0].relu().numpy(), found.maps["m0-m1"][name]
        np.testing.assert_allclose(heat / heat.max(), wanted / wanted.max(), atol=1e-4)
    assert found.score["m0-m1"] == pytest.approx(score.item(), rel=1e-4)


def turned_up(method: Method, name: str, score: Callable[[], Tensor]) -> float:
    """By how much a score rises as what the layer of a modality gives is turned up, in every window alike."""
    (layer,) = method.cam_layers(name, method.modalities.full)
    found = []
    for factor in (1.01, 0.99):
        handle = layer.register_forward_hook(lambda _, __, value, by=factor: value * by)
        found.append(float(score()))
        handle.remove()
    return (found[0] - found[1]) / 0.02


@pytest.mark.parametrize("name", LAYERED)
def test_the_net_effect_is_what_turning_a_layer_up_does_to_the_answer(name: str, samples: Samples) -> None:
    method, inputs = made(), {name: value[None] for name, value in sample(samples).items()}
    whole = method.modalities.full

    def score() -> Tensor:
        return method.output.score(fuse_all(method, inputs, [whole])[0].logits, 0)

    found = find(name).run(method, sample(samples), [whole], 0)
    effects = {each: abs(turned_up(method, each, score)) for each in whole.names}
    for each, effect in effects.items():
        assert found.net["m0-m1"][each] == pytest.approx(effect / sum(effects.values()), abs=0.01)
    assert found.score["m0-m1"] == pytest.approx(float(score()), rel=1e-5)


def test_gradients_of_dominance_are_those_of_the_answer(samples: Samples) -> None:
    method, few = made(), samples.take(2)
    found = evidence_shares(method, few)
    for row in range(2):
        inputs = {name: value[row : row + 1] for name, value in few.inputs.items()}

        def score(inputs: dict[str, Tensor] = inputs, row: int = row) -> Tensor:
            logits = fuse_all(method, inputs, [method.modalities.full])[0].logits
            return method.output.score_of_truth(logits, few.target[row : row + 1])

        effects = [abs(turned_up(method, name, score)) for name in method.modalities.names]
        np.testing.assert_allclose(found.net[row], np.divide(effects, sum(effects)), atol=0.01)


@pytest.mark.parametrize("name", [*LAYERED, "gradient_input"])
def test_a_scan_that_is_one_window_is_explained_as_a_scan_without_windows(
    name: str, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = made(window=0)
    wanted = find(name).run(plain, sample(samples), plain.modalities.subsets(), 0)
    monkeypatch.setattr(TaskInfo, "has_windows", property(lambda self: True))
    one = made(window=SIDE)
    found = find(name).run(one, sample(samples), one.modalities.subsets(), 0)
    for key in wanted.maps:
        assert found.score[key] == pytest.approx(wanted.score[key], rel=1e-4)
        assert found.shares[key] == pytest.approx(wanted.shares[key], abs=1e-4)
        for modality, heat in wanted.maps[key].items():
            np.testing.assert_allclose(found.maps[key][modality], heat, atol=1e-3)


@pytest.mark.parametrize("name", list(EXPLAINERS))
def test_an_explanation_looks_at_windows_only(name: str, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlab.analysis.attribution.explainers.occlusion.WINDOWS", {3: 1})
    monkeypatch.setattr("mmlab.analysis.attribution.explainers.integrated_gradients.STEPS", 8)
    method = made()
    full = method.modalities.full
    with looked_at(method) as seen:
        found = find(name).run(method, sample(samples), [full], 0)
    assert seen == {(WINDOW,) * 3}
    assert found.maps["m0-m1"]["m0"].shape == (SIDE,) * 3


@pytest.mark.parametrize("name", FINDERS)
def test_every_method_is_explained_in_windows(name: str, samples: Samples) -> None:
    method = made(name)
    with looked_at(method) as seen:
        found = find("gradcam").run(method, sample(samples), method.modalities.subsets(), 0)
        evidence_shares(method, samples.take(1))
    assert seen == {(WINDOW,) * 3}
    assert {key: sum(parts.values()) for key, parts in found.shares.items()} == pytest.approx(
        {"m0": 1.0, "m1": 1.0, "m0-m1": 1.0}
    )
    assert found.shares["m0"]["m1"] == 0


def test_checks_swaps_and_gradients_look_at_windows_only(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmlab.analysis.attribution.faithfulness.SIDES", {3: 2})
    for name in ("ORDERS", "STEPS", "NETWORKS"):
        monkeypatch.setattr(f"mmlab.analysis.attribution.faithfulness.{name}", 1)
    monkeypatch.setattr("mmlab.analysis.attribution.sanity_checks.EPOCHS", (1, 1))
    method, explain = made(), find("gradcam")
    full = method.modalities.full
    with looked_at(method) as seen:
        found = explain.run(method, sample(samples), [full], 0)
        faithfulness(method, sample(samples), full, found, explain)
        learn_random_labels(method, samples)
        combination_gradients(method, samples.take(1).batch([0]))
        swapper = InputSwapper(method, samples.inputs)
        mixed = swapper.answers(np.array([[0, 1]]))
        encoder_views(method, {name: value[:1] for name, value in samples.inputs.items()})
    assert seen == {(WINDOW,) * 3}
    inputs = {"m0": samples.inputs["m0"][:1], "m1": samples.inputs["m1"][1:2]}
    np.testing.assert_allclose(mixed, fuse_all(method, inputs, [full])[0].logits, rtol=1e-5, atol=1e-5)
