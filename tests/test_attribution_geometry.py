"""Where the cells of a map lie: worked out by hand, and shown with networks that only add up."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlab.analysis.attribution.geometry import Geometry, Tracing, on_places
from mmlab.analysis.attribution.registry import find
from mmlab.core.method import METHODS
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.options import build
from mmlab.core.task import TASKS
from mmlab.networks.encoders import level_encoder
from tests.foreign_models import package


def traced(network: nn.Module, shape: tuple[int, ...]) -> tuple[Tensor, Geometry | None]:
    inputs = torch.randn(1, *shape)
    with Tracing([inputs]) as tracing:
        made = network(inputs)
    return made, tracing.of(made)


@pytest.mark.parametrize(
    ("layers", "stride", "offset"),
    [
        ([nn.Conv2d(1, 1, 3, 2, 1)], 2, 0),
        ([nn.Conv2d(1, 1, 5, 2, 2), nn.ReLU(), nn.Conv2d(1, 1, 3, 2, 1)], 4, 0),
        ([nn.Conv2d(1, 1, 4, 4)], 4, 1.5),  # patches: what image resizing assumes
        ([nn.Conv2d(1, 1, 3, 1, 1), nn.MaxPool2d(2)], 2, 0.5),
        ([nn.Conv2d(1, 1, 3, 1)], 1, 1),  # nothing is padded: the first cell is one place inside
        ([nn.Conv2d(1, 1, 3, 1, 2, dilation=2), nn.AvgPool2d(3, 2, 1)], 2, 0),
        ([nn.Conv2d(1, 1, 7, 2, 3), nn.BatchNorm2d(1), nn.MaxPool2d(3, 2, 1)], 4, 0),  # how a ResNet begins
        ([nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(1, 1, 3, 2)], 2, 1),  # as TensorFlow pads
        ([nn.ReflectionPad2d(2), nn.Conv2d(1, 1, 5, 2)], 2, 0),
        ([nn.ZeroPad2d(-3)], 1, 3),  # cuts three places off
    ],
)
def test_the_centre_of_a_cell_by_hand(layers: list[nn.Module], stride: float, offset: float) -> None:
    _, found = traced(nn.Sequential(*layers).eval(), (1, 32, 32))
    assert found == Geometry((stride, stride), (offset, offset))


def test_a_branch_that_joins_again_keeps_the_grid() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.across = (
                nn.Conv2d(1, 1, 3, 2, 1),
                nn.Conv2d(1, 1, 3, 1, 1),
                nn.Conv2d(1, 1, 1, 2),
            )

        def forward(self, x: Tensor) -> Tensor:
            return functional.relu(self.second(functional.relu(self.first(x))) + self.across(x), inplace=True)

    assert traced(nn.Sequential(Block(), Block()), (1, 33, 33))[1] == Geometry((4.0, 4.0), (0.0, 0.0))


def test_tokens_have_lost_their_grid_and_divide_the_input_evenly() -> None:
    _, found = traced(nn.Sequential(nn.Conv2d(1, 4, 8, 8), nn.Flatten(2), nn.Linear(16, 16)), (1, 32, 32))
    assert found is None
    maps = torch.randn(2, 4, 4)
    expected = functional.interpolate(maps[:, None], size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    torch.testing.assert_close(on_places(maps, (32, 32)), expected)


def test_a_map_lies_linear_between_the_centres_and_flat_beyond() -> None:
    found = on_places(torch.tensor([[0.0, 4.0, 8.0]]), (12,), Geometry((4.0,), (1.0,)))
    assert found[0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8]


MODALITIES = [
    Modality("image", "image", (1, 28, 28), "Image", "I"),
    Modality("face", "image", (3, 32, 32), "Face", "F"),
    Modality("sound", "sound", (1, 32, 64), "Sound", "S"),
    Modality("pen", "path", (3, 16), "Pen", "P"),
    Modality("sensor", "series", (3, 100), "Sensor", "S"),
]


def adding_up(network: nn.Module) -> nn.Module:
    """The same layers, each of which takes the mean of what it sees."""
    made = copy.deepcopy(network).eval()
    for layer in made.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.reset_parameters()
            layer.reset_running_stats()
    return made


@pytest.mark.parametrize("modality", MODALITIES, ids=lambda each: each.name)
def test_the_map_of_a_patch_lies_on_the_patch(modality: Modality) -> None:
    body = adding_up(modality_kind(modality.kind).encoder(modality.shape, 8, 16).body)  # type: ignore[arg-type]
    check_patch(body, modality.shape)


def test_the_map_of_a_patch_lies_on_the_patch_in_a_dense_encoder() -> None:
    network = adding_up(level_encoder(Modality("flair", "scan", (1, 64, 64), "FLAIR", "F"), (4, 8, 8)))
    check_patch(network, (1, 64, 64))


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0", "tf_efficientnet_lite0"])
def test_the_map_of_a_patch_lies_on_the_patch_in_a_backbone_of_timm(name: str) -> None:
    backbone = package("timm").create_model(name, features_only=True, out_indices=(2,))
    check_patch(nn.Sequential(adding_up(backbone), First()), (3, 96, 96))


class First(nn.Module):
    """The one map that a backbone was asked for."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        return maps[0]


def test_a_slice_begins_where_it_says_and_takes_every_so_many_cells() -> None:
    inputs = torch.randn(1, 1, 12, 12)
    with Tracing([inputs]) as tracing:
        made = inputs[:, :, 1::2, -5:]
        assert tracing.of(made) == Geometry((2.0, 1.0), (1.0, 7.0))


def check_patch(network: nn.Module, shape: tuple[int, ...]) -> None:
    """A patch that wanders over the middle is found where it is: on average within a third of a place.

    One place alone may be found a little beside itself, since a layer with a stride samples what it sees.
    """
    beside: list[list[float]] = []
    for step in range(-4, 4):
        inputs = torch.zeros(1, *shape)
        middle = [side // 2 + (step if side >= 24 else 0) for side in shape[1:]]
        inputs[(..., *(slice(each, each + 1) for each in middle))] = 1.0
        with Tracing([inputs]) as tracing:
            found = network(inputs)
        maps = found[-1] if isinstance(found, tuple) else found
        placed = on_places(maps.mean(1), shape[1:], tracing.of(maps))[0].detach().numpy()
        beside.append([])
        for axis, each in enumerate(middle):
            along = placed.sum(tuple(other for other in range(placed.ndim) if other != axis))
            beside[-1].append(float((along * np.arange(len(along))).sum() / along.sum()) - each)
    assert np.abs(np.mean(beside, 0)).max() < 0.35, np.mean(beside, 0)


@pytest.mark.parametrize(("task", "method"), [("digits", "dropout"), ("watch", "gmd"), ("faces", "dmrnet")])
@pytest.mark.parametrize("explainer", ["gradcam", "hirescam"])
def test_maps_are_the_papers_formula_on_the_layer_cut_at_zero_before_they_are_resized(
    task: str, method: str, explainer: str
) -> None:
    """Against the formulas written out with plain autograd at the encoder's last convolution."""
    info = TASKS[task].info
    torch.manual_seed(0)
    made = METHODS[method](info, build(METHODS[method].Config, {})).eval()
    inputs = {m.name: torch.rand(*m.shape) for m in info.modalities}
    first, full = next(iter(info.modalities)), info.modalities.full
    name = first.name
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: object, value: Tensor) -> Tensor:
        kept.append(value.detach().requires_grad_()) if not kept else None
        return kept[0] if len(kept) == 1 else value

    handle = made.encoders[name].body.register_forward_hook(keep)  # type: ignore[union-attr, operator]
    present = info.modalities.masks([full], torch.device("cpu"))
    fused = made({key: value[None] for key, value in inputs.items()}, present)
    handle.remove()
    slope = torch.autograd.grad(info.output.score(fused.logits, 0).sum(), kept[0])[0]
    axes = tuple(range(2, slope.dim()))
    weight = slope.mean(axes, keepdim=True) if explainer == "gradcam" else slope
    small = (weight * kept[0]).sum(1).relu().detach()
    found = find(explainer).run(made, inputs, [full], 0).maps[full.key][name]
    _, geometry = traced(made.encoders[name].body, first.shape)  # type: ignore[arg-type, index]
    expected = on_places(small, first.shape[1:], geometry)[0]
    if float(expected.max()) > 0:
        expected = expected / expected.max()
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
