"""The logs of `train --log`, opened and closed around each run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmlab.cli.console import whisper

if TYPE_CHECKING:
    from mmlab.experiments.train_job import TrainJob
    from mmlab.experiments.training_logs.followed_run import FollowedRun, TrainingLog


@dataclass(frozen=True)
class Logs:
    """What to write for other programs while training, by kind, and the folder for it."""

    kinds: tuple[str, ...]
    folder: Path

    @contextmanager
    def of(self, job: TrainJob) -> Iterator[list[TrainingLog]]:
        """Those of a run, closed at the end. Raises UnknownName, MissingExtra, StorageError or TrackerError."""
        from mmlab.experiments.training_logs import open_log

        with ExitStack() as stack:
            found: list[TrainingLog] = []
            for kind in dict.fromkeys(self.kinds):
                found.append(open_log(kind, _followed(job, self.folder)))
                stack.callback(_closed, found[-1])
            yield found


def _followed(job: TrainJob, root: Path) -> FollowedRun:
    """What logs show of a run besides its epochs."""
    from mmlab.core.method import METHODS
    from mmlab.core.options import as_dict, build
    from mmlab.core.task import TASKS
    from mmlab.experiments.train_job import plan_of
    from mmlab.experiments.training_logs.followed_run import FollowedRun

    task = TASKS[job.task]()
    options = {
        "config": as_dict(build(METHODS[job.method].Config, job.config)),
        "plan": as_dict(plan_of(job, task)),
    }
    flat = {f"{part}.{name}": value for part, values in options.items() for name, value in values.items()}
    settings = {"task": job.task, "method": job.method, "run": job.folder, "seed": job.seed, **flat}
    return FollowedRun(root, job.task, job.method, job.folder, settings, task.info)


def follow(log: TrainingLog, folder: Path) -> None:
    """Have a log written; where its server went away the training goes on, and the next epoch brings the rest."""
    from mmlab.experiments.training_logs.followed_run import TrackerError

    try:
        log.follow(folder)
    except TrackerError as error:
        whisper(f"{error} The training goes on; --log with the same command later adds what is missing.")


def _closed(log: TrainingLog) -> None:
    from mmlab.experiments.training_logs.followed_run import TrackerError

    try:
        log.close()
    except TrackerError as error:
        whisper(str(error))
