"""The batches of an epoch, read and varied here, or ahead of the training in processes of their own (MMLAB_WORKERS).

A batch is a function of its rows and its seed, so that it is the same whoever makes it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from mmlab.core.batch import Batch, Samples
from mmlab.core.errors import MmlabError
from mmlab.core.presence import keep
from mmlab.core.task import Task
from mmlab.core.training_plan import Plan
from mmlab.training import variation
from mmlab.training.variation import mixed

WORKERS, MOST = "MMLAB_WORKERS", 64


class Steps(Dataset[Batch]):
    """The batches of an epoch by step. rows: those of each step; seed: as `mixed` takes it, without the step."""

    def __init__(
        self, task: Task, plan: Plan, samples: Samples, rows: Sequence[NDArray[Any]], seed: tuple[int, int]
    ) -> None:
        self.task, self.plan, self.samples, self.rows, self.seed = task, plan, samples, rows, seed

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, step: int) -> Batch:
        batch = self.samples.batch(torch.from_numpy(self.rows[step]))
        varied, target = variation.varied(self.task, self.plan, batch, mixed(*self.seed, step))
        columns = zip(self.task.info.modalities.names, batch.present.unbind(1), strict=True)
        inputs = {name: keep(varied[name], on) for name, on in columns}  # noise is no input either
        return Batch(inputs, batch.present, target, batch.ids)


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
