"""Training on several devices of this machine: Lightning Fabric starts a process per device and connects them.

Each process takes its share of every step (`mmlab.training.process_group`), and the first writes the run. One device
needs none of this, so that Fabric is an extra and is imported here only.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing import ProcessExitedException

from mmlab.core.errors import DataError, MissingExtra, MmlabError, first_line
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments import train_job
from mmlab.experiments.train_job import TrainJob
from mmlab.inference.device import device
from mmlab.storage.library import Library
from mmlab.training.loop import Progress
from mmlab.training.process_group import ProcessGroup

STRATEGIES = ("ddp",)
FEWEST = 2  # samples of a step for each process: batch statistics need them
INSTALL = 'Run: pip install "mmlab[multi]"'


class OverFabric(ProcessGroup):
    """The processes that a Fabric has started."""

    def __init__(self, fabric: Any) -> None:
        super().__init__()
        self.fabric = fabric
        self.rank, self.count = fabric.global_rank, fabric.world_size

    def summed(self, value: Tensor) -> Tensor:
        found: Tensor = self.fabric.all_reduce(value.contiguous().clone(), reduce_op="sum")
        return found

    def of_first(self, value: Tensor) -> Tensor:
        """A sum to which the others add nothing: what Fabric has for sending takes objects, not tensors."""
        sent = value.detach().to(self.fabric.device).contiguous().clone()
        return self.summed(sent if self.rank == 0 else torch.zeros_like(sent)).to(value.device)


def fabric_of(devices: int, strategy: str) -> Any:
    """A Fabric that is not launched yet. Raises MissingExtra, and DataError for devices that are not there."""
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise MissingExtra("Several devices need Lightning Fabric.", INSTALL) from error
    kind = device().type
    if strategy not in STRATEGIES:
        raise DataError(f"There is no strategy '{strategy}'.", f"Use {' or '.join(STRATEGIES)}.")
    if kind not in ("cpu", "cuda"):
        raise DataError(
            f"Several devices cannot train together on {kind}.", "Leave --devices out, or use --device cpu."
        )
    if kind == "cuda" and devices > (there := torch.cuda.device_count()):
        raise DataError(f"There are {there} GPUs here, and --devices asks for {devices}.", f"Use up to {there}.")
    return Fabric(accelerator=kind, devices=devices, strategy=f"{strategy}_spawn")


def train(job: TrainJob, library: Library, devices: int, strategy: str = "ddp") -> Iterator[Progress]:
    """`train_job.train` on several devices, for a caller that has the run for itself (`claim`).

    Teachers are trained before, on one device. Raises what `train_job.train` and `fabric_of` raise.
    """
    task = TASKS[job.task]()
    plan = train_job.plan_of(job, task)
    least = FEWEST * devices * plan.accumulate
    if plan.batch_size < least:
        raise DataError(
            f"A step of {plan.batch_size} samples is too small for {devices} devices.",
            f"Use --plan batch_size={least} or more.",
        )
    fabric = fabric_of(devices, strategy)
    for name in METHODS[job.method].teachers:
        train_job.run_train(train_job.teacher_of(job, name), str(library.root))
    told: Any = multiprocessing.get_context("spawn").SimpleQueue()
    work = partial(_one_of_them, job=job, root=str(library.root), told=told)  # Fabric looks into other arguments
    failed: list[Exception] = []

    def launched() -> None:
        try:
            fabric.launch(work)
        except Exception as error:
            failed.append(error)
        told.put(None)

    thread = threading.Thread(target=launched, daemon=True)
    thread.start()
    while (message := told.get()) is not None:
        if isinstance(message, MmlabError):
            raise message
        yield message
    thread.join()
    if failed and isinstance(failed[0], ProcessExitedException):
        raise MmlabError(
            f"A process of this training ended: {first_line(failed[0])}.",
            "The same command goes on from the last whole epoch.",
        ) from failed[0]
    if failed:
        raise failed[0]


def _one_of_them(fabric: Any, job: TrainJob, root: str, told: Any) -> None:
    """What each process does; the first tells how far it is."""
    os.environ["MMLAB_DEVICE"] = str(fabric.device)
    together = OverFabric(fabric)
    try:
        for progress in train_job.train(job, Library(Path(root)), claimed=True, together=together):
            if together.rank == 0:
                told.put(progress)
    except MmlabError as error:
        told.put(error)
        raise
