"""Registered models of every shape answer as the modules themselves do, and are looked at where they should be."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmlab.analysis.attribution.evidence_request import averaged
from mmlab.analysis.attribution.registry import find
from mmlab.analysis.attribution.sanity_checks import reinitialise
from mmlab.analysis.base.input_swapping import InputSwapper
from mmlab.analysis.dominance.gradient_conflict import combination_gradients
from mmlab.analysis.dominance.layer_evidence import evidence_shares
from mmlab.core.errors import DataError
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.inputs import Input, absence_in_words
from mmlab.foreign.opening import adapted
from mmlab.foreign.task import RegisteredTask, task_class
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import sweep
from tests.own_models import SHAPES, Shape, cnn, drawn, register, seeded

EXACT = {"half_precision": 2e-2}
pytestmark = pytest.mark.filterwarnings("ignore")


@cache
def opened(name: str) -> tuple[Shape, RegisteredTask, RegisteredModel]:
    shape = SHAPES[name]()
    said = shape.registration
    task = task_class(said, said.name, (said.name,))()
    return shape, task, adapted(said, task.info)


def direct(shape: Shape, module: nn.Module, row: int, names: tuple[str, ...]) -> Tensor:
    with torch.no_grad():
        present = {name: name in names for name in shape.registration.inputs}
        return shape.direct(module, shape.registration.data[row], present).float()


@pytest.mark.parametrize("name", SHAPES)
def test_every_combination_is_answered_as_the_module_answers_it(name: str) -> None:
    shape, task, method = opened(name)
    samples = task.samples("test")
    found = sweep(method, samples)
    kept = torch.from_numpy(found.logits)
    for k, key in enumerate(found.combinations):
        names = tuple(key.split("-"))
        for row in range(len(samples)):
            if not all(samples.present[row, method.modalities.names.index(each)] for each in names):
                continue
            answer = direct(shape, method.module, row, names)
            if method.output.dense:
                answer = method.output.summarise(answer, samples.target[row][None], True)
            assert torch.allclose(kept[k, row], answer[0], atol=EXACT.get(name, 1e-5)), (key, row)


@pytest.mark.parametrize("name", SHAPES)
def test_one_sample_is_answered_as_in_the_sweep(name: str) -> None:
    shape, task, method = opened(name)
    samples = task.samples("test")
    tensors = {each: value[0].float() for each, value in samples.inputs.items()}
    answers = Model(task, method, {}, "").answer(tensors)  # type: ignore[arg-type]
    for key, prediction in answers.items():
        logits = direct(shape, method.module, 0, tuple(key.split("-")))[0]
        other = method.output.read(logits)
        assert prediction.answer == other.answer
        assert prediction.uncertainty == pytest.approx(other.uncertainty, abs=EXACT.get(name, 1e-4))


@pytest.mark.parametrize("name", SHAPES)
def test_encoders_are_found_and_replayed_where_there_are_any(name: str) -> None:
    shape, _, method = opened(name)
    assert method.trace.replay is shape.replayed
    if shape.cam_layers:
        assert tuple(str(each.call or "") for each in method.cam_layer.values()) == shape.cam_layers


@pytest.mark.parametrize("name", SHAPES)
def test_mixed_samples_are_answered_as_the_module_answers_them(name: str) -> None:
    """Swapping inputs between samples replays nothing that another input has a part in."""
    _, task, method = opened(name)
    samples = task.samples("test")
    complete = samples.present.all(1).nonzero()[:, 0].tolist()
    chosen = samples.at(complete[:6])
    recombiner = InputSwapper(method, chosen.inputs)
    rows = np.stack([np.roll(np.arange(6), m) for m in range(len(method.modalities))], 1)
    found = torch.from_numpy(recombiner.answers(rows))
    mixed = {n: chosen.inputs[n].float()[rows[:, m]] for m, n in enumerate(method.modalities.names)}
    mask = torch.ones(6, len(method.modalities), dtype=torch.bool)
    with torch.no_grad():
        assert torch.allclose(found, method(mixed, mask).logits.float(), atol=EXACT.get(name, 1e-5))


@pytest.mark.parametrize("way", ["gradcam", "gradcam++", "hirescam"])
@pytest.mark.parametrize("name", SHAPES)
def test_maps_have_the_size_of_the_input_and_nothing_where_it_is_absent(name: str, way: str) -> None:
    _, task, method = opened(name)
    samples = task.samples("test")
    inputs = {each: value[0].float() for each, value in samples.inputs.items()}
    found = find(way).run(method, inputs, method.modalities.subsets(), 0)
    for key, maps in found.maps.items():
        for each, heat in maps.items():
            shape = method.modalities[each].shape
            assert heat.shape == (shape[1:] or shape)
            assert heat.any() <= (each in key.split("-"))
        assert sum(found.shares[key].values()) == pytest.approx(1)
        assert all(found.shares[key][each] == 0 for each in method.modalities.names if each not in key.split("-"))


@pytest.mark.parametrize("name", SHAPES)
def test_measures_that_need_the_model_are_had(name: str) -> None:
    _, task, method = opened(name)
    samples = task.samples("test")
    complete = samples.at(samples.present.all(1).nonzero()[:8, 0].tolist())
    for shares in evidence_shares(method, complete):
        assert shares.shape == (8, len(method.modalities))
        assert np.isfinite(shares).all()
        assert np.allclose(shares.sum(1), 1)
    found = combination_gradients(method, complete.batch(range(8)))
    assert np.isfinite(found.cosines).all()
    if name == "channels":
        assert np.isnan(found.encoders).all()
    if name == "two_branches":
        assert np.isfinite(found.encoders).all()


def grad_cam_by_hand(module: nn.Module, layer: nn.Module, call: int, arguments: dict[str, Tensor], target: int) -> Any:
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _, __, value: kept.append(value) or value.clone())
    out = module(**arguments)
    handle.remove()
    (gradient,) = torch.autograd.grad(out[0, target], kept[call])
    return (gradient.mean((2, 3), keepdim=True) * kept[call]).sum(1)[0].detach()


def test_a_siamese_encoder_shows_each_input_its_own_map() -> None:
    shape, _, method = opened("siamese")
    sample = shape.registration.data[0]
    inputs = {name: sample[name] for name in ("left", "right")}
    found = find("gradcam").run(method, inputs, [method.modalities.full], 1)
    maps = found.maps["left-right"]
    assert not np.allclose(maps["left"], maps["right"])
    for call, name in enumerate(("left", "right")):
        batch = {each: value[None] for each, value in inputs.items()}
        mine = grad_cam_by_hand(method.module, method.module.enc, call, batch, 1)  # type: ignore[arg-type]
        given = {each: value[None].float() for each, value in inputs.items()}
        seen = method.evidence(given, torch.ones(1, 2, dtype=torch.bool), lambda logits: logits[:, 1])
        assert torch.allclose(averaged(*seen.layers[name][0])[0, 0], mine, atol=1e-6)


def test_a_builder_that_loads_weights_is_not_taken_for_an_untrained_network() -> None:
    _, _, method = opened("two_branches")
    other = reinitialise(method, 0)
    mine, its = dict(method.named_parameters()), dict(other.named_parameters())
    assert all(not torch.equal(value, its[name]) for name, value in mine.items() if value.std() > 0 and value.dim() > 1)
    before = {name: value.clone() for name, value in method.module.state_dict().items()}
    reinitialise(method, 1)
    assert all(torch.equal(before[name], value) for name, value in method.module.state_dict().items())


class WithBug(nn.Module):
    """Works in place on what its encoder gave."""

    def __init__(self) -> None:
        super().__init__()
        self.enc, self.head = cnn(3), nn.Linear(14, 3)

    def forward(self, rgb: Tensor, table: Tensor) -> Any:
        first = self.enc(rgb)
        first.mul_(2.0)
        table.add_(1.0)
        return self.head(torch.cat([first.mean((2, 3)), table], 1))


def test_what_a_module_does_in_place_stays_its_own() -> None:
    said = register(
        "bug",
        seeded(WithBug),
        inputs=["rgb", "table"],
        classes=["a", "b", "c"],
        data=drawn(rgb=(3, 16, 16), table=(6,)),
    )
    task = task_class(said, "bug", ("bug",))()
    method = adapted(said, task.info)
    inputs = {name: value.float() for name, value in task.samples("test").inputs.items()}
    before = {name: value.clone() for name, value in inputs.items()}
    features = method.encode(inputs)
    mask = method.modalities.mask(method.modalities.full, len(task.samples("test")))
    with torch.no_grad():
        first, second = (method.fuse(features, mask).logits for _ in range(2))
        whole = method.module(**{name: value.clone() for name, value in before.items()})
    assert torch.equal(first, second)
    assert torch.allclose(first, whole, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in inputs.items())


class OnSelf(nn.Module):
    """Hands its features on by way of itself, and is slow in between."""

    def __init__(self) -> None:
        super().__init__()
        self.rgb, self.depth, self.head = cnn(3), cnn(1), nn.Linear(16, 3)

    def forward(self, rgb: Tensor, depth: Tensor) -> Any:
        self.kept = [self.rgb(rgb).mean((2, 3)), self.depth(depth).mean((2, 3))]
        time.sleep(0.002)
        return self.head(torch.cat(self.kept, 1))


def test_what_a_module_keeps_on_itself_is_not_mixed_up_by_threads() -> None:
    said = register(
        "on_self",
        seeded(OnSelf),
        inputs=["rgb", "depth"],
        classes=["a", "b", "c"],
        data=drawn(rgb=(3, 16, 16), depth=(1, 16, 16)),
    )
    task = task_class(said, "on_self", ("on_self",))()
    method = adapted(said, task.info)
    model = Model(task, method, {}, "")  # type: ignore[arg-type]
    samples = [{n: v[row].float() for n, v in task.samples("test").inputs.items()} for row in range(6)]

    def asked(row: int) -> tuple[list[dict[str, float]], dict[str, dict[str, float]]]:
        answers = [dict(each.probabilities) for each in model.answer(samples[row]).values()]
        return answers, find("gradcam").run(method, samples[row], method.modalities.subsets(), 0).shares

    alone = [asked(row) for row in range(6)]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(asked, [*range(6)] * 3))
    for row, (answers, shares) in enumerate(together):
        for found, wanted in zip(answers, alone[row % 6][0], strict=True):
            assert found == pytest.approx(wanted, abs=1e-5)
        for key, wanted in alone[row % 6][1].items():
            assert shares[key] == pytest.approx(wanted, abs=1e-4)


def test_a_mean_is_that_of_the_training_samples_and_of_floats_alone() -> None:
    test, train = drawn(4, rgb=(3, 16, 16), depth=(1, 16, 16)), drawn(30, rgb=(3, 16, 16), depth=(1, 16, 16))
    said = register(
        "mean",
        seeded(cnn_pair),
        inputs=["rgb", "depth"],
        classes=["a", "b", "c"],
        absent="mean",
        data={"test": test, "train": train},
    )
    method = adapted(said, task_class(said, "mean", ("mean",))().info)
    rgb = torch.stack([sample["rgb"] for sample in test])
    depth = torch.stack([sample["depth"] for sample in train]).mean(0)
    only = method.modalities.mask(method.modalities.subsets()[0], 4)
    with torch.no_grad():
        wanted = method.module(rgb, depth.expand(4, -1, -1, -1))
        found = method({"rgb": rgb, "depth": torch.zeros(4, 1, 16, 16)}, only).logits
    assert torch.allclose(found, wanted, atol=1e-5)


def test_a_donor_is_another_sample_and_always_the_same() -> None:
    said = register(
        "donor",
        seeded(lambda: cnn_pair()),
        inputs=["rgb", "depth"],
        classes=["a", "b", "c"],
        absent="donor",
        data=drawn(rgb=(3, 16, 16), depth=(1, 16, 16)),
    )
    task = task_class(said, "donor", ("donor",))()
    method = adapted(said, task.info)
    samples = task.samples("test")
    found = sweep(method, samples)
    again = sweep(method, samples.at(range(5, 9)))
    assert np.allclose(found.logits[:, 5:9], again.logits, atol=1e-6)
    k = found.index("rgb")
    with torch.no_grad():
        every = len(samples)
        rgb, depth = samples.inputs["rgb"], samples.inputs["depth"]
        own = [method.module(rgb[row : row + 1].expand(every, -1, -1, -1), depth) for row in range(every)]
    for row, each in enumerate(own):
        assert bool((each - torch.from_numpy(found.logits[k, row])).abs().amax(1).min() < 1e-5)


def cnn_pair() -> nn.Module:
    from tests.own_models import TwoBranch

    return TwoBranch()


def test_a_split_that_was_not_given_is_told_with_what_mends_it() -> None:
    _, task, _ = opened("two_branches")
    with pytest.raises(DataError, match="without training samples") as caught:
        task.samples("train")
    assert '"train"' in caught.value.hint


def test_a_card_says_what_stands_in_for_an_absent_input() -> None:
    same = {"rgb": Input("rgb"), "depth": Input("depth")}
    assert absence_in_words(same, "mean", "") == "An absent input is replaced by its mean."
    told = absence_in_words({**same, "text": Input("text", absent={"ids": 0, "mask": "zeros"})}, "none", "present")
    assert told == (
        "Absent inputs are replaced: rgb by None, depth by None, text by 0 for ids and zeros for mask. "
        "The model is told by its argument present."
    )
