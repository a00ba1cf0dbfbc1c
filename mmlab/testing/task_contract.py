"""What holds for every task. Each check raises AssertionError."""

from __future__ import annotations

import contextlib

import torch

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.task import TASKS, Split, Task

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
HOSTILE = (b"", b"\x00" * 64, b"not a recording", b"PK\x03\x04" + b"\xff" * 60)


def check_task(name: str) -> None:
    """Run the whole contract on a registered task; its splits are built. Raises AssertionError, or what it raises."""
    task = TASKS[name]()
    for split in SPLITS:
        samples_fit_and_are_the_same_each_time(task, split)
    splits_share_no_sample(task)
    shipped_samples_prepare_to_what_the_model_sees(task)
    files_that_are_none_are_refused_in_a_sentence(task)


def samples_fit_and_are_the_same_each_time(task: Task, split: Split) -> None:
    """Shapes as the modalities say, something present everywhere, finite numbers, and no chance in it."""
    found, again = task.samples(split), type(task)().samples(split)
    assert len(found), f"the split {split} is empty"
    assert found.present.shape == (len(found), len(task.info.modalities))
    assert found.present.any(1).all(), f"a sample of {split} has no input at all"
    assert len(found.target) == len(found.ids) == len(found.groups) == len(found)
    for modality in task.info.modalities:
        values = found.inputs[modality.name]
        assert values.shape == (len(found), *modality.shape), f"{modality.name} is {tuple(values.shape)}"
        assert torch.isfinite(values.float()).all(), f"a number of {modality.name} in {split} is not finite"
        assert torch.equal(values, again.inputs[modality.name]), f"{modality.name} in {split} changes from call to call"
    assert torch.equal(found.target, again.target), f"the answers of {split} change from call to call"
    batch = found.batch(range(min(4, len(found))))
    logits = torch.zeros(len(batch), task.info.output.channels, *batch.target.shape[2:])
    assert torch.isfinite(task.info.output.loss(logits, batch.target)).all(), "the output has no loss for an answer"


def splits_share_no_sample(task: Task) -> None:
    """No id stands in two splits, and each once in its own."""
    ids = [name for split in SPLITS for name in task.samples(split).ids]
    assert len(set(ids)) == len(ids), "a sample is in two splits, or twice in one"


def shipped_samples_prepare_to_what_the_model_sees(task: Task) -> None:
    """Every sample of the gallery has each recording that it names in the shape of its modality."""
    for sample in task.gallery()[:8]:
        for name, raw in task.example(sample).raw.items():
            tensor = task.prepare(name, raw).tensor
            assert tensor.shape == task.info.modalities[name].shape, f"{sample}: {name} is {tuple(tensor.shape)}"
            assert tensor.dtype == torch.float32
    try:
        task.example("no such sample")
    except (UnknownName, DataError):
        return
    raise AssertionError("a sample that does not exist is given")


def files_that_are_none_are_refused_in_a_sentence(task: Task) -> None:
    """What is no recording ends in a DataError, or is read: nothing else comes out of a file."""
    for modality in task.info.modalities.names:
        for content in HOSTILE:
            with contextlib.suppress(DataError):
                task.read(modality, content)
