"""The batches of an epoch, read and augmented here, or ahead of training in separate processes (MMLAB_WORKERS).

A batch is a function of its rows and its seed, so that it is the same whoever makes it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mmlab.core.batch import Batch, Samples
from mmlab.core.errors import MmlabError
from mmlab.core.presence import keep_rows
from mmlab.core.stored_rows import StoredRows
from mmlab.core.task import Task
from mmlab.core.training_plan import Plan
from mmlab.inference.memory import free_bytes
from mmlab.training import variation, windows
from mmlab.training.variation import mixed_seed

WORKERS, MOST = "MMLAB_WORKERS", 64
SHARE = 0.5  # of the free memory of a GPU that the samples may take up


class Steps(Dataset[Batch]):
    """The batches of an epoch by step. rows: those of each step; seed: as `mixed_seed` takes it, without the step."""

    def __init__(
        self, task: Task, plan: Plan, samples: Samples, rows: Sequence[NDArray[Any]], seed: tuple[int, ...]
    ) -> None:
        self.task, self.plan, self.samples, self.rows, self.seed = task, plan, samples, rows, seed

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, step: int) -> Batch:
        rows = torch.from_numpy(self.rows[step])
        batch = self._batch(rows, step)
        varied, target = variation.augmented(self.task, self.plan, batch, mixed_seed(*self.seed, step))
        if self._complete[rows].all():
            return Batch(varied, batch.present, target, batch.ids, is_complete=True)
        columns = zip(self.task.info.modalities.names, batch.present.unbind(1), strict=True)
        inputs = {name: keep_rows(varied[name], on) for name, on in columns}  # noise is no input either
        return Batch(inputs, batch.present, target, batch.ids)

    def _batch(self, rows: Tensor, step: int) -> Batch:
        if not self.plan.window:
            return self.samples.batch(rows)
        generator = torch.Generator().manual_seed(mixed_seed(*self.seed, step, 4))
        return windows.random_windows(self.samples, rows, self.plan.window, generator)

    @cached_property
    def _complete(self) -> Tensor:
        """Whether a sample has everything, `[N]`, on the processor, so that no device is asked."""
        return self.samples.present.cpu().all(1)


def on_device(samples: Samples, plan: Plan, place: torch.device) -> Samples:
    """The samples on a GPU as a whole, where they fit; elsewhere as they are."""
    if not fits_on_device(samples, plan, place):
        return samples
    inputs = {name: value.to(place) for name, value in samples.inputs.items()}
    return replace(samples, inputs=inputs, present=samples.present.to(place), target=samples.target.to(place))


def fits_on_device(samples: Samples, plan: Plan, place: torch.device) -> bool:
    """Whether a place is a GPU that can keep the samples: they take up at most `SHARE` of what is free on it, lie in
    memory, and no number of them is varied or cut, which is done on the processor."""
    is_varied = plan.window > 0 or plan.augment or plan.move or plan.warp or plan.input_dropout > 0
    tensors = [*samples.inputs.values(), samples.present, samples.target]
    if place.type != "cuda" or is_varied or workers() or any(isinstance(each, StoredRows) for each in tensors):
        return False
    return sum(each.numel() * each.element_size() for each in tensors) <= SHARE * free_bytes(place)


def batches(steps: Steps, place: torch.device) -> Iterator[Batch]:
    """All of them in order, at the place where the method is."""
    count = workers()
    if not count:
        yield from (steps[step].to(place) for step in range(len(steps)))
        return
    made: DataLoader[Batch] = DataLoader(
        steps,
        batch_size=None,  # a step is a whole batch
        num_workers=count,
        pin_memory=place.type == "cuda",
        generator=torch.Generator(),  # or it would draw from that of the training
        multiprocessing_context="fork",  # tasks of folders are classes that no other process can import
    )
    yield from (batch.to(place) for batch in made)


def workers() -> int:
    """How many processes make batches, as MMLAB_WORKERS says: none by default, and where processes cannot be forked.

    Raises MmlabError for what is no such number.
    """
    said = os.environ.get(WORKERS, "").strip() or "0"
    if not said.isdecimal() or int(said) > MOST:
        raise MmlabError(f"{WORKERS} is '{said[:20]}'.", f"It is a whole number from 0 to {MOST}, such as 2.")
    can = "fork" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon
    return int(said) if can else 0
