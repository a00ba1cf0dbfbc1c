"""How much comes through each input: the net effect and the Shapley value do not depend on how a network is written
down or how large a map is; the absolute sum does, and nothing is concluded from it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmlab.analysis.attribution.faithfulness import faithfulness
from mmlab.analysis.attribution.registry import EXPLAINERS, find
from mmlab.analysis.dominance.layer_evidence import evidence_shares
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.analysis.dominance.score_shapley import score_shapley
from mmlab.core.method import Method
from mmlab.testing.toy_task import OUTPUTS, ToyTask
from mmlab.ui.pages.explain.page import as_csv
from tests.test_attribution import SENSES, made, sample


class Mixed(nn.Module):
    """Channels mixed by a rotation, or mixed back."""

    def __init__(self, rotation: Tensor) -> None:
        super().__init__()
        self.register_buffer("rotation", rotation)

    def forward(self, values: Tensor) -> Tensor:
        return torch.einsum("oc,bc...->bo...", self.rotation, values)


def rotated(method: Method) -> Method:
    """The same function: what the encoders' maps are mixed by, the next layer takes back."""
    other = copy.deepcopy(method)
    for number, encoder in enumerate(other.encoders.values()):
        channels = next(
            m for m in reversed(list(encoder.body.modules())) if isinstance(m, nn.modules.batchnorm._BatchNorm)
        )
        square = torch.randn(
            channels.num_features, channels.num_features, generator=torch.Generator().manual_seed(number)
        )
        rotation = torch.linalg.qr(square)[0]
        encoder.body = nn.Sequential(encoder.body, Mixed(rotation))
        encoder.neck = nn.Sequential(Mixed(rotation.T), encoder.neck)
    return other.eval()


def test_mixing_channels_moves_the_absolute_sum_and_not_the_net_effect() -> None:
    method, inputs = made("dropout"), sample()
    found, again = (
        find("gradcam").run(each, inputs, method.modalities.subsets(), 1) for each in (method, rotated(method))
    )
    key = method.modalities.full.key
    assert again.score[key] == pytest.approx(found.score[key], abs=1e-4)
    assert again.net[key] == pytest.approx(found.net[key], abs=1e-3)
    assert max(abs(again.shares[key][name] - found.shares[key][name]) for name in inputs) > 0.005


@pytest.mark.parametrize("way", [name for name in EXPLAINERS if EXPLAINERS[name].title])
def test_net_effects_are_parts_of_what_is_on(way: str) -> None:
    method = made("joint")
    found = find(way).run(method, sample(), method.modalities.subsets(), 0)
    for key, parts in found.net.items():
        assert sum(parts.values()) == pytest.approx(1)
        assert all(part == 0 for name, part in parts.items() if name not in key.split("-"))
        assert all(part >= 0 for part in parts.values())
    assert set(found.net) == set(found.shares)
    assert all(count > 0 for count in found.cells.values())
    assert set(found.cells) == set(method.modalities.names)


def test_cells_are_the_size_of_the_maps() -> None:
    method = made("joint")
    found = find("gradcam").run(method, sample(), [method.modalities.full], 0)
    with torch.no_grad():
        sizes = {name: method.encoders[name].body(value[None]).numel() for name, value in sample().items()}
    assert found.cells == sizes


def test_the_measures_of_maps_have_no_say_in_the_verdict_and_the_net_effect_has() -> None:
    assert [MEASURES[name].ranks for name in ("gradient", "cam", "net")] == [False, False, True]
    task = ToyTask()
    method = made("joint", task.info)
    found = evidence_shares(method, task.samples("test"))
    for shares in found:
        np.testing.assert_allclose(shares.sum(1), 1)
    assert not np.allclose(found.net, found.gradient)


def test_shapley_values_of_the_score_add_up_to_it() -> None:
    method = made("joint")
    found = find("gradcam").run(method, sample(), method.modalities.subsets(), 2)
    for combination in method.modalities.subsets():
        values = score_shapley(found, combination, method.modalities, method.output)
        assert sum(values.values()) == pytest.approx(found.score[combination.key], abs=1e-5)
    alone = find("gradcam").run(method, sample(), [method.modalities.full], 2)
    assert score_shapley(alone, method.modalities.full, method.modalities, method.output) == {}


def test_nothing_at_all_is_worth_the_middle_of_a_scale() -> None:
    assert OUTPUTS["classification"].neutral_score(1) == 0
    number = type(OUTPUTS["regression"])(0, 100, 40)
    assert [number.neutral_score(target) for target in (0, 1)] == [40, -40]


def test_the_table_of_numbers_keeps_its_columns_and_gains_the_new_ones() -> None:
    method = made("joint")
    found = find("gradcam").run(method, sample(), method.modalities.subsets(), 0)
    lines = as_csv(found, SENSES).decode().splitlines()
    head = "explained,combination,score,input,part,map mean,map largest,net part,shapley value,numbers added up"
    head += ",sample,right answer,task,model,explainer,inputs,input title,unit"
    assert lines[0] == head
    assert len(lines) == 1 + 7 * 3
    assert {line.count(",") for line in lines} == {head.count(",")}


def test_the_dominant_input_is_the_one_with_the_largest_net_effect() -> None:
    method, inputs = made("joint"), sample()
    full = method.modalities.full
    found = find("gradcam").run(method, inputs, method.modalities.subsets(), 0)
    tested = faithfulness(method, inputs, full, found, find("gradcam"))
    assert tested.effect == found.net[full.key]
