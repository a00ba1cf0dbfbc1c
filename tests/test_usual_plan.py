"""How a folder is trained unless somebody says otherwise: by how many samples there are, and how large they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from mmlab.core.method import METHODS
from mmlab.tasks.custom.usual_plan import OF_DENSE_PLACE, OF_PLACE, usual_plan
from mmlab.tasks.custom_folder import task_class
from mmlab.testing.toy_task import ToyTask
from tests.folders import PAIR, with_photo, written


def sizes(folder: Path, counts: list[int]) -> list[int]:
    return [usual_plan(task_class(folder)().description, count)["batch_size"] for count in counts]


def test_more_samples_take_larger_steps_as_far_as_there_is_room(tmp_path: Path) -> None:
    counts = [6, 100, 310, 930, 20_000]
    assert sizes(written(tmp_path / "small", PAIR), counts) == [8, 16, 32, 128, 128]
    assert sizes(written(tmp_path / "large", with_photo(size=256)), counts) == [8, 16, 32, 64, 64]


def test_volumes_take_the_same_steps_however_many_there_are(tmp_path: Path) -> None:
    """Four slices of 160 pixels per sample: about 0.3 GB in a step, for 2, 6 and 12 cases of 155 slices."""
    slices = [{"name": name.lower(), "kind": "slices", "size": 160, "letter": name} for name in "ABCD"]
    output = {"kind": "segmentation", "regions": {"whole": [1, 2], "core": [2]}}
    folder = written(tmp_path / "cases", {"name": "cases", "output": output, "modalities": slices})
    found = [usual_plan(task_class(folder)().description, 155 * cases) for cases in (2, 6, 12)]
    assert [each["batch_size"] for each in found] == [8, 8, 8]
    assert [each["epochs"] for each in found] == [21, 16, 16]


@pytest.mark.parametrize(("kind", "of_place"), [("classification", OF_PLACE), ("segmentation", OF_DENSE_PLACE)])
def test_activations_are_what_they_are_estimated_to_be(kind: str, of_place: int) -> None:
    info = ToyTask(kind, 2).info
    pictures = [replace(item, kind="image", shape=(1, 64, 64)) for item in info.modalities]
    large = replace(info, modalities=type(info.modalities)(pictures))
    method, kept = METHODS["dropout"](large, METHODS["dropout"].Config()).train(), {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        kept[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    inputs = {item.name: torch.rand(4, *item.shape) for item in pictures}
    with saved_tensors_hooks(keep, lambda value: value):
        answer = method(inputs, torch.ones(4, 2, dtype=torch.bool))
    assert answer.logits.requires_grad
    parameters = sum(value.numel() * 4 for value in method.parameters())
    found = (sum(kept.values()) - parameters) / (4 * 2 * 64 * 64)
    assert of_place / 2 < found < of_place * 1.25
