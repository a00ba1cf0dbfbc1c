"""Pictures and their regions are moved alike while a model learns, and nothing else is."""

from __future__ import annotations

import pytest
import torch

from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.outputs.segmentation import Segmentation
from mmlab.core.task import TASKS
from mmlab.core.training_plan import Plan
from mmlab.inference.device import device
from mmlab.training.loop import Trainer
from mmlab.training.variation import moved


def test_regions_stay_under_what_they_outline() -> None:
    picture = torch.zeros(40, 1, 64, 64)
    picture[:, :, 24:44, 20:50] = 1
    inputs, regions = moved({"a": picture, "b": 2 * picture}, picture > 0, torch.Generator().manual_seed(0))
    shared = ((inputs["a"] > 0.5) & regions).sum((1, 2, 3)) / ((inputs["a"] > 0.5) | regions).sum((1, 2, 3))
    assert float(shared.min()) > 0.9
    torch.testing.assert_close(inputs["b"], 2 * inputs["a"])
    assert regions.dtype == torch.bool
    sizes = regions.sum((1, 2, 3)).float()
    assert float(sizes.max() / sizes.min()) > 1.5
    assert len({tuple(row.flatten().nonzero().flatten()[:3].tolist()) for row in regions}) > 30


def test_moving_is_the_same_for_the_same_draw_and_off_for_shipped_tasks() -> None:
    picture = torch.rand(3, 1, 16, 16)
    first, second = (moved({"a": picture}, picture > 0.5, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first[0]["a"], second[0]["a"])
    assert torch.equal(first[1], second[1])
    assert isinstance(TASKS["brain"].info.output, Segmentation)
    assert not {**vars(Plan()), **TASKS["brain"].plan}["move"]


def test_moving_is_refused_where_there_are_no_regions() -> None:
    task, kind = TASKS["watch"](), METHODS["dropout"]
    samples = task.samples("valid")
    with pytest.raises(DataError, match="regions"):
        Trainer(task, kind(task.info, kind.Config()), Plan(move=True), 0, None, device(), {}, samples, samples)
