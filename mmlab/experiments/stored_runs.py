"""Runs in an object store: each job downloads what it needs and uploads what it has produced.

Machines need no folder in common then. A job works in a folder of its own that is gone afterwards, sends how far it is
now and then, and so goes on elsewhere when its machine dies.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mmlab.core.method import METHODS
from mmlab.core.storage_errors import storage_errors
from mmlab.experiments.train_job import TrainJob, is_done, teacher_of, train
from mmlab.storage.atomic_files import temporary_name
from mmlab.storage.library import Library
from mmlab.storage.remote_store import Run, Store

EVERY = 60.0  # seconds between two times that an unfinished run is sent


def bring_together(jobs: Sequence[TrainJob], library: Library, url: str) -> None:
    """Of these jobs, what either the library or the store has finished, the other one gets.

    Raises DataError or MissingExtra for an address that is none, StorageError where it does not answer.
    """
    store = Store(url)
    there = store.whole()
    with storage_errors():
        for job in jobs:
            if is_done(job, library) and run_of(job) not in there:
                store.put(library, run_of(job))
            elif run_of(job) in there and not is_done(job, library):
                store.take(library, run_of(job))


def run_of(job: TrainJob) -> Run:
    """Where a job's run lies."""
    return job.task, job.method, job.folder


def run_stored(job: TrainJob, url: str) -> str:
    """Train to the end, for engines: from what the store has of the run and its teachers, into the store."""
    store = Store(url)
    with storage_errors(), tempfile.TemporaryDirectory(prefix=temporary_name("store")) as place:
        library = Library(Path(place))
        store.take(library, run_of(job))
        teachers = [teacher_of(job, name) for name in METHODS[job.method].teachers]
        taken = {run_of(each) for each in teachers if store.take(library, run_of(each)) and is_done(each, library)}
        sent = time.monotonic()
        for _ in train(job, library):
            if time.monotonic() - sent >= EVERY:
                _send(store, library, taken)
                sent = time.monotonic()
        _send(store, library, taken)
    return "/".join((store.name, *run_of(job)))


def _send(store: Store, library: Library, taken: set[Run]) -> None:
    """All runs of a job's own library: its teachers that were trained for it, then itself."""
    runs = {file.parts[-4:-1] for file in library.glob("*/*/*/*") if file.is_file()}
    for task, method, tag in sorted(runs):
        if (task, method, tag) not in taken:
            store.put(library, (task, method, tag))
