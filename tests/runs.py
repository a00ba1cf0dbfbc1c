"""A short training of a real task, straight and stopped half-way: what a run leaves beside its checkpoint."""

from __future__ import annotations

from pathlib import Path

from mmlab.experiments.train_job import TrainJob, train
from mmlab.storage.library import Library

PLAN = {"epochs": 8, "samples": 128, "batch_size": 64, "source": "built-in"}
JOB = TrainJob("digits", "dropout", plan=PLAN)


def straight(root: Path) -> Path:
    """Train to the end; the folder of the run."""
    library = Library(root)
    list(train(JOB, library))
    return library.folder(JOB.task, JOB.method, JOB.folder)


def stopped_once(root: Path) -> Path:
    """Stop after the fourth epoch, and go on."""
    for progress in (running := train(JOB, Library(root))):
        if progress.epoch == 3:
            running.close()  # type: ignore[attr-defined]
            break
    return straight(root)
