"""The number of devices of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mmlab.experiments.train_job import TrainJob
    from mmlab.storage.library import Library
    from mmlab.training.loop import Progress

Devices = Annotated[int, typer.Option(min=1, help="Number of devices that train one run together (extra: multi).")]
Strategy = Annotated[str, typer.Option(help="With --devices: the strategy; ddp splits every batch.")]


@dataclass(frozen=True)
class Spread:
    """Of one run."""

    devices: int = 1
    strategy: str = "ddp"

    def train(self, job: TrainJob, library: Library) -> Iterator[Progress]:
        """The epochs of a run that the caller has claimed."""
        from mmlab.experiments import several_devices, train_job

        if self.devices == 1:
            return train_job.train(job, library, claimed=True)
        return several_devices.train(job, library, self.devices, self.strategy)
