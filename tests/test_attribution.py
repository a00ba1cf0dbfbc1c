"""Attribution: against a pass written by hand, exactly nothing from what is absent, and nothing left behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmlab.analysis.attribution.captum_wrapper import CaptumAdapter
from mmlab.analysis.attribution.geometry import Tracing, on_places
from mmlab.analysis.attribution.registry import EXPLAINERS, AttributionRequest, find
from mmlab.analysis.base.model_twin import twin
from mmlab.core.errors import UnknownName
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.options import build
from mmlab.core.outputs import Classification
from mmlab.core.task import TaskInfo
from mmlab.testing.toy_task import OUTPUTS, ToyTask
from mmlab.viz.explain.attribution_maps import map_shift

SENSES = TaskInfo(
    "senses",
    Modalities(
        [
            Modality("image", "image", (1, 16, 16), "Image", "I"),
            Modality("sound", "sound", (1, 8, 32), "Sound", "S"),
            Modality("pen", "path", (2, 16), "Pen", "P"),
        ]
    ),
    Classification(("a", "b", "c")),
)


def made(name: str, info: TaskInfo = SENSES) -> Method:
    """A method with settled batch statistics, in eval mode."""
    torch.manual_seed(0)
    method = METHODS[name](info, build(METHODS[name].Config, {}))
    method.train()
    with torch.no_grad():
        for _ in range(3):
            inputs = {m.name: torch.randn(8, *m.shape) for m in info.modalities}
            method(inputs, torch.ones(8, len(info.modalities), dtype=torch.bool))
    return method.eval()


def sample(info: TaskInfo = SENSES, seed: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {m.name: torch.randn(m.shape, generator=generator) for m in info.modalities}


def by_hand(
    method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination], target: int
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, dict[str, float]]]:
    """Maps and shares with hooks and autograd, one combination and one row at a time."""
    modalities = method.modalities
    batch = {name: value[None] for name, value in inputs.items()}
    raw: dict[str, dict[str, Tensor]] = {}
    shares: dict[str, dict[str, float]] = {}
    for combination in combinations:
        seen: dict[nn.Module, list[Tensor]] = {}
        layers = {name: method.cam_layers(name, combination)[0] for name in combination.names}

        def note(layer: nn.Module, _: object, value: Tensor, seen: dict[nn.Module, list[Tensor]] = seen) -> None:
            seen.setdefault(layer, []).append(value)

        handles = [layer.register_forward_hook(note) for layer in layers.values()]
        fused = method(batch, modalities.mask(combination, 1))
        for handle in handles:
            handle.remove()
        values = [seen[layers[name]][0] for name in combination.names]
        score = method.output.score(fused.logits, target).sum()
        gradients = torch.autograd.grad(score, values, allow_unused=True, materialize_grads=True)
        raw[combination.key], evidence = {}, {}
        for name, value, gradient in zip(combination.names, values, gradients, strict=True):
            places = tuple(range(2, value.dim()))
            weights = gradient.mean(places, keepdim=True) if places else gradient
            small = (weights * value).sum(1, keepdim=True).relu()
            size = modalities[name].shape[1:] or modalities[name].shape
            small = small if places else small[..., None]
            with Tracing([batch[name]]) as traced:
                geometry = traced.of(layers[name](batch[name]))
            raw[combination.key][name] = on_places(small[:, 0], size, geometry if places else None)[0]
            evidence[name] = float((gradient * value).detach().abs().sum())
        total = sum(evidence.values())
        shares[combination.key] = {name: evidence.get(name, 0.0) / total for name in modalities.names}
    maps: dict[str, dict[str, np.ndarray]] = {key: {} for key in raw}
    for name in modalities.names:
        largest = max((float(found[name].detach().max()) for found in raw.values() if name in found), default=0.0)
        for key, found in raw.items():
            size = modalities[name].shape[1:] or modalities[name].shape
            plain = found[name].detach() if name in found else torch.zeros(size)
            maps[key][name] = (plain / max(largest, 1e-12)).numpy()
    return maps, shares


@pytest.mark.parametrize("name", list(METHODS))
@pytest.mark.parametrize("target", [0, 2])
def test_it_equals_a_pass_written_by_hand(name: str, target: int):
    method, inputs = made(name), sample()
    combinations = method.modalities.subsets()
    found = find("gradcam").run(method, inputs, combinations, target)
    maps, shares = by_hand(method, inputs, combinations, target)
    for combination in combinations:
        answer = method({n: v[None] for n, v in inputs.items()}, method.modalities.mask(combination, 1)).logits[
            0, target
        ]
        assert found.score[combination.key] == pytest.approx(float(answer.detach()), abs=1e-5)
        for modality in method.modalities:
            mine, hand = found.maps[combination.key][modality.name], maps[combination.key][modality.name]
            np.testing.assert_allclose(mine, hand, atol=2e-6)
            assert found.shares[combination.key][modality.name] == pytest.approx(
                shares[combination.key][modality.name], abs=1e-5
            )


CASES = [
    (name, kind, count)
    for name in METHODS
    for kind in OUTPUTS
    for count in (2, 3, 4)
    if kind in METHODS[name].supports and (count < 4 or kind == "classification")
]


@pytest.mark.parametrize(("name", "kind", "count"), CASES)
def test_every_method_and_output_can_be_explained(name: str, kind: str, count: int):
    method = made(name, ToyTask(kind, count).info)
    inputs, combinations = sample(method.info), method.modalities.subsets()
    found = find("gradcam").run(method, inputs, combinations, len(method.output.targets) - 1)
    for combination in combinations:
        assert sum(found.shares[combination.key].values()) == pytest.approx(1, abs=1e-5)
        for modality in method.modalities:
            heat = found.maps[combination.key][modality.name]
            assert heat.shape == (modality.shape[1:] or modality.shape)
            assert np.isfinite(heat).all()
            assert heat.min() >= 0
            assert heat.max() <= 1
            if modality.name not in combination:
                assert not heat.any()
                assert found.shares[combination.key][modality.name] == 0.0


@pytest.mark.parametrize("name", list(METHODS))
def test_no_gradient_reaches_what_is_absent(name: str):
    """Not set to zero afterwards: the score itself does not depend on it."""
    method = made(name)
    question = CaptumAdapter(AttributionRequest(method, sample(), method.modalities.subsets(), 0))
    values = tuple(value.clone().requires_grad_() for value in question.activations)
    question.activations = values
    question.junction.forward = lambda *given: given  # type: ignore[method-assign]
    score = question(*question.rows, question.present)
    gradients = torch.autograd.grad(score.sum(), values, allow_unused=True, materialize_grads=True)
    for modality in method.modalities:
        for row, combination in enumerate(question.combinations):
            for layer, gradient in zip(question.layers, gradients, strict=True):
                mine = layer in question.method.cam_layers(modality.name, question.combinations[-1])
                if mine and modality.name not in combination:
                    assert float(gradient[row].abs().max()) == 0.0


def test_a_missing_input_is_an_explained_zero():
    method = made("dmrnet")
    inputs = {name: value for name, value in sample().items() if name != "sound"}
    combinations = [c for c in method.modalities.subsets() if "sound" not in c]
    found = find("gradcam").run(method, inputs, combinations, 1)
    assert list(found.maps) == ["image", "pen", "image-pen"]
    assert all(not maps["sound"].any() for maps in found.maps.values())
    assert all(shares["sound"] == 0 for shares in found.shares.values())


def test_shares_do_not_change_when_a_layer_is_rescaled():
    method, inputs = made("dropout"), sample()
    combinations = method.modalities.subsets()
    before = find("gradcam").run(method, inputs, combinations, 0)
    with torch.no_grad():
        norm = method.encoders["image"].body[-1][1]
        norm.weight.mul_(4)
        norm.bias.mul_(4)
        linear = next(part for part in method.encoders["image"].neck if isinstance(part, nn.Linear))
        linear.weight.div_(4)
    after = find("gradcam").run(method, inputs, combinations, 0)
    for key, shares in before.shares.items():
        assert after.shares[key] == pytest.approx(shares, abs=1e-4)
        np.testing.assert_allclose(after.maps[key]["image"], before.maps[key]["image"], atol=1e-4)


def test_maps_of_one_modality_can_be_compared_across_combinations():
    method = made("joint")
    found = find("gradcam").run(method, sample(), method.modalities.subsets(), 0)
    for name in method.modalities.names:
        largest = [float(maps[name].max()) for maps in found.maps.values()]
        assert max(largest) == pytest.approx(1) or max(largest) == 0


def test_the_shared_model_is_left_as_it_was():
    method = made("joint")
    state = {name: value.clone() for name, value in method.state_dict().items()}
    find("gradcam").run(method, sample(), method.modalities.subsets(), 0)
    assert not method.training
    for module in method.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
        assert "forward" not in vars(module)
    assert all(parameter.grad is None for parameter in method.parameters())
    for name, value in method.state_dict().items():
        assert torch.equal(value, state[name])


def test_a_twin_shares_tensors_and_no_modules():
    method = made("dmrnet")
    handle = method.encoders.register_forward_hook(lambda *_: None)
    other = twin(method.train())
    assert method.training
    assert not other.training
    for mine, its in zip(method.parameters(), other.parameters(), strict=True):
        assert mine is its
    assert not set(method.modules()) & set(other.modules())
    for module in other.modules():
        assert not module.training
        assert not module._forward_hooks
        module.register_forward_hook(lambda *_: None)
    handle.remove()
    assert not any(module._forward_hooks or module._backward_hooks for module in method.modules())


def test_explaining_and_answering_at_once_do_not_disturb_each_other():
    method, inputs = made("joint"), sample()
    combinations = method.modalities.subsets()
    expected = find("gradcam").run(method, inputs, combinations, 0)
    batch = {name: value[None] for name, value in sample(seed=5).items()}
    mask = method.modalities.mask(method.modalities.full, 1)
    with torch.inference_mode():
        answer = method(batch, mask).logits
    wrong: list[str] = []

    def explain() -> None:
        for _ in range(5):
            found = find("gradcam").run(method, inputs, combinations, 0)
            if found.shares != expected.shares:
                wrong.append("shares")

    def infer() -> None:
        for _ in range(50):
            with torch.inference_mode():
                if not torch.equal(method(batch, mask).logits, answer):
                    wrong.append("answer")

    threads = [threading.Thread(target=work) for work in (explain, infer, explain, infer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_parameters_that_rest_do_not_matter():
    method = made("dropout")
    expected = find("gradcam").run(method, sample(), method.modalities.subsets(), 0)
    method.requires_grad_(False)
    with torch.no_grad():
        found = find("gradcam").run(method, sample(), method.modalities.subsets(), 0)
    assert found.shares == expected.shares


def test_explainers_are_found_by_name():
    assert find("gradcam") is EXPLAINERS["gradcam"]
    with pytest.raises(UnknownName, match="no explainer"):
        find("gradcamel")


def test_a_region_is_explained_where_it_was_found():
    logits = torch.tensor([[[[3.0, -1.0], [2.0, -4.0]]], [[[-3.0, -1.0], [-2.0, -4.0]]]], requires_grad=True)
    score = OUTPUTS["segmentation"].score(logits, 0)
    assert score.tolist() == [5.0, -10.0], "added up where it was found; everywhere, where it was found nowhere"
    (gradient,) = torch.autograd.grad(score.sum(), logits)
    assert gradient[:, 0].tolist() == [[[1.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]]


def test_how_much_a_map_moved():
    first, second = np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0])
    assert map_shift(first, first * 7) == 0
    assert map_shift(first, second) == pytest.approx(0.5)
    assert map_shift(np.array([1.0, 0, 0]), np.array([0, 0, 1.0])) == pytest.approx(1)
    assert np.isnan(map_shift(first, np.zeros(3)))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["gradcam", "gradcam++", "hirescam", "gradient_input", "integrated", "occlusion"])
def test_many_attributions_leave_the_memory_flat(way: str):
    method, inputs, explain = made("dmrnet"), sample(), find(way)
    combinations = [method.modalities.full] if explain.slow else method.modalities.subsets()

    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())

    for _ in range(20):
        explain.run(method, inputs, combinations, 0)
    count, size = tensors(), resident()
    for _ in range(15 if explain.slow else 60):
        explain.run(method, inputs, combinations, 0)
    assert tensors() <= count
    assert resident() - size < 6 * 2**20
