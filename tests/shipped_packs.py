"""What holds for the pack of samples of every built-in task, and for the way it varies them."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from mmlab.core.errors import UnknownName
from mmlab.core.task import Task


def check_pack(sample_pack: ModuleType, most: int) -> None:
    """It is what its generator makes, has its number of samples, and fewer than `most` bytes."""
    assert sample_pack.PACK.differences(sample_pack.items()) == []
    files = list(sample_pack.PACK.path.parent.rglob("*.*"))
    assert sum(file.stat().st_size for file in files) < most
    assert len(sample_pack.PACK.index) == sample_pack.COUNT


def check_shipped_classes(task: Task, count: int, every: int, foreign: str, note: str) -> None:
    """Every so many-th shipped sample has the class and the tensors of its row; no file is taken for a foreign one."""
    rows = task.samples("test")
    assert task.gallery() == rows.ids[:count]
    for place in range(0, count, every):
        example = task.example(rows.ids[place])
        assert example.target == int(rows.target[place])
        assert example.answer == task.info.output.classes[example.target]  # type: ignore[attr-defined, index]
        for name, raw in example.raw.items():
            reading = task.prepare(name, raw)
            torch.testing.assert_close(reading.tensor, rows.inputs[name][place].float(), rtol=0, atol=0)
            assert foreign not in reading.notes
    assert example.note.startswith(note)
    with pytest.raises(UnknownName):
        task.example("../test-0000")
