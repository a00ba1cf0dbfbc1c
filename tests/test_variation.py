"""Pictures and their regions are moved alike while a model learns, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.outputs.segmentation import Segmentation
from mmlab.core.task import TASKS
from mmlab.core.training_plan import Plan
from mmlab.inference.device import device
from mmlab.testing.toy_task import ToyTask
from mmlab.training.loop import Trainer
from mmlab.training.variation import kinds_of, moved_alike, warped


def test_regions_stay_under_what_they_outline() -> None:
    picture = torch.zeros(40, 1, 64, 64)
    picture[:, :, 24:44, 20:50] = 1
    inputs, regions = moved_alike({"a": picture, "b": 2 * picture}, picture > 0, torch.Generator().manual_seed(0))
    shared = ((inputs["a"] > 0.5) & regions).sum((1, 2, 3)) / ((inputs["a"] > 0.5) | regions).sum((1, 2, 3))
    assert float(shared.min()) > 0.9
    torch.testing.assert_close(inputs["b"], 2 * inputs["a"])
    assert regions.dtype == torch.bool
    sizes = regions.sum((1, 2, 3)).float()
    assert float(sizes.max() / sizes.min()) > 1.5
    assert len({tuple(row.flatten().nonzero().flatten()[:3].tolist()) for row in regions}) > 30


def test_moving_is_the_same_for_the_same_draw_and_off_for_shipped_tasks() -> None:
    picture = torch.rand(3, 1, 16, 16)
    first, second = (moved_alike({"a": picture}, picture > 0.5, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first[0]["a"], second[0]["a"])
    assert torch.equal(first[1], second[1])
    assert isinstance(TASKS["brain"].info.output, Segmentation)
    assert not {**vars(Plan()), **TASKS["brain"].plan}["move"]


def test_moving_is_refused_where_there_are_no_regions() -> None:
    task, kind = TASKS["watch"](), METHODS["dropout"]
    samples = task.samples("valid")
    with pytest.raises(DataError, match="regions"):
        Trainer(task, kind(task.info, kind.Config()), Plan(move=True), 0, None, device(), {}, samples, samples)


def test_bent_pictures_keep_their_regions_and_their_zeros() -> None:
    picture = torch.zeros(6, 1, 32, 32)
    picture[:, :, 8:20, 10:24] = 0.8
    inputs, regions = warped({"a": picture, "b": picture / 2}, picture > 0, torch.Generator().manual_seed(0))
    for value in inputs.values():
        inside = value > 0
        assert not (regions & ~inside).any()
        assert bool((regions == inside).float().mean() > 0.95)  # but for edges, which are smooth in pictures only
        assert not value[~inside].any()
    assert not torch.equal(regions, picture > 0)
    levels = inputs["a"].flatten(1).max(1).values
    assert levels.std() > 0.02  # each sample is lit in its own way
    again = warped({"a": picture}, picture > 0, torch.Generator().manual_seed(0))[1]
    assert torch.equal(regions, again)


def test_pictures_are_drawn_by_the_rarest_region_in_them() -> None:
    regions = torch.zeros(5, 2, 4, 4, dtype=torch.bool)
    regions[:3, 0, 0, 0] = True
    regions[0, 1, 1, 1] = True  # the second region is the rarer one
    assert kinds_of(regions).tolist() == [1, 0, 0, 2, 2]
    assert kinds_of(torch.tensor([1, 0, 1])).tolist() == [1, 0, 1]


def test_rare_regions_weigh_more_where_that_is_asked_for() -> None:
    output = Segmentation(("a", "b"))
    weighing = output.weighing(True)
    assert weighing == output  # of a training, not of the task: a model fits its task and card as before
    assert weighing.card() == output.card()
    truth = torch.zeros(2, 2, 4, 4)
    truth[0, 0, 0, :2] = 1  # a sixteenth of the first region's pixels; the second one is nowhere
    logits = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    weight = torch.tensor([10.0, 1.0]).view(2, 1, 1)  # 15 would be as much as the background: 10 is the most
    crossed = functional.binary_cross_entropy_with_logits(logits, truth, pos_weight=weight, reduction="none")
    chance = logits.sigmoid()
    dice = [(2 * (chance * truth)[:, r].sum() + 1) / (chance[:, r].sum() + truth[:, r].sum() + 1) for r in (0, 1)]
    expected = crossed.mean((1, 2, 3)) + 1 - (dice[0] + dice[1]) / 2
    assert torch.allclose(weighing.loss(logits, truth), expected, atol=1e-6)
    with pytest.raises(DataError, match="Only regions and labels have a foreground"):
        ToyTask("classification").info.output.weighing(True)


@pytest.mark.parametrize("name", ["dropout", "dimml"])
def test_a_training_stops_where_nothing_gets_better(tmp_path: Path, name: str) -> None:
    """Each of DI-MML's stages waits by itself; a training that was cut off stops at the same place."""
    task, kind = ToyTask("classification"), METHODS[name]
    samples = task.samples("train")

    def run(folder: Path, patience: int, most: int) -> list[int]:
        plan, found = Plan(epochs=12, learning_rate=1e-6, patience=patience, augment=False), []
        torch.manual_seed(0)
        trainer = Trainer(task, kind(task.info, kind.Config()), plan, 0, folder, device(), {}, samples, samples)
        for progress in trainer.epochs():
            found.append(progress.epoch)
            if len(found) == most:
                break
        return found

    whole = run(tmp_path / "whole", 2, 99)
    assert run(tmp_path / "patient", 0, 99) == list(range(12))
    assert len(whole) < 12
    logged = [json.loads(line)["epoch"] for line in (tmp_path / "whole" / "progress.jsonl").read_text().splitlines()]
    assert logged == whole
    first = run(tmp_path / "cut", 2, len(whole) - 1)
    assert first + run(tmp_path / "cut", 2, 99) == whole
    assert run(tmp_path / "cut", 2, 99) == []
