"""Jobs on many trained models, by names and numbers only, so that they can run here, in processes or on many machines.

What lies with a model is written there by whoever does the job, in the library that all see. What belongs into the
cache comes back with the result and is filed in the cache of whoever asked, since each machine may have one of its own.

While a job runs, a lock in the library says so and a file beside it how far it is. What is done of a command that was
stopped is noted there too, so that the same command goes on within a day; `finish` removes the notes.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mmlab.core.errors import DataError, StorageError
from mmlab.core.reference import Reference
from mmlab.core.storage_errors import ROOM, storage_errors
from mmlab.experiments.executors import Engine
from mmlab.experiments.model_work import WORK
from mmlab.inference.device import one_thread
from mmlab.storage import checkpoints, disk_cache
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.file_lock import held, is_locked
from mmlab.storage.library import ALIVE, RUNS, Library

NOTES = ".work"  # no task can be called that
SHARE, DONE = "share", "done"
A_DAY = 86_400.0  # how long what is done of a stopped command counts, in seconds
EVERY = 0.5  # seconds between two notes of how far a job is
LEAST = 0.02  # of a job, before it is said how long the rest takes


@dataclass(frozen=True)
class ModelJob:
    """One piece of work (`WORK`) on one run of the library."""

    what: str
    task: str
    method: str
    tag: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`digits/dmrnet/seed0: map`."""
        return f"{self.task}/{self.method}/{self.tag}: {self.what}"


@dataclass(frozen=True)
class RunningJob:
    """A job that a process works on: the share that is done, and the seconds that are left, if known."""

    job: ModelJob
    share: float
    seconds: float | None


class DoneElsewhere(DataError):
    """Another process does this job."""


def jobs_of(references: Iterable[Reference], what: str, options: Mapping[str, Any] | None = None) -> list[ModelJob]:
    """The same work on each of these models."""
    return [ModelJob(what, each.task, each.method, each.tag, dict(options or {})) for each in references]


def missing(jobs: Iterable[ModelJob], library: Library) -> list[ModelJob]:
    """The jobs that are not done: what is not cached here, or not measured by this command before it was stopped."""
    return [job for job in jobs if not _is_done(job, library.find(job.task, job.method, job.tag), library)]


def run(jobs: Sequence[ModelJob], library: Library, engine: Engine) -> Iterator[tuple[ModelJob, Exception | None]]:
    """Do the jobs, as they finish, each with its error or None.

    What another process does is left to it and looked at again at the end, so that two commands share the work.
    """
    work, busy = partial(do, root=str(library.root.absolute())), []
    for job, result in engine.map(work, jobs):
        if isinstance(result, DoneElsewhere):
            busy.append(job)
        else:
            yield job, _filed(job, result, library)
    for job, result in engine.map(partial(work, patience=math.inf), busy):
        yield job, _filed(job, result, library)


def do(job: ModelJob, root: str, patience: float = 0.0) -> tuple[bytes, ...]:
    """One job, for engines: names and numbers in, the contents of its files in the cache out.

    Raises DoneElsewhere where another process does it for `patience` seconds.
    """
    one_thread()
    library, work = Library(Path(root)), WORK[job.what]
    reference, notes = library.find(job.task, job.method, job.tag), _notes(job, library)
    with storage_errors(), held(notes / ALIVE, patience) as is_ours:
        if not is_ours:
            raise DoneElsewhere(f"{job.name} is being done already, by another process.", "Wait for it.")
        if not _is_done(job, reference, library):
            told = _Told(notes / SHARE)
            try:
                work.do(reference, job.options, told)
            finally:
                told.over()
        kept = work.kept(reference)
        if not kept:
            write_atomically(notes / DONE, _stamp(reference))
        if not all(file.is_file() for file in kept):  # nothing on a page fails for a cache that is full
            raise StorageError(f"What was computed cannot be kept in '{kept[0].parent}'.", ROOM)
        return tuple(file.read_bytes() for file in kept)


def under_way(jobs: Iterable[ModelJob], library: Library) -> list[RunningJob]:
    """The jobs that somebody works on now, by their locks, on whatever machine that is."""
    found = []
    for job in jobs:
        notes = _notes(job, library)
        if is_locked(notes / ALIVE):
            with suppress(OSError, ValueError):  # not written yet, or just being written
                share, seconds = map(float, (notes / SHARE).read_text("ascii").split())
                left = seconds * (1 - share) / share if share > LEAST else None
                found.append(RunningJob(job, share, left))
    return found


def finish(jobs: Iterable[ModelJob], library: Library) -> None:
    """Forget which of these jobs are done: the command that does them is at its end."""
    jobs = list(jobs)
    for job in jobs:
        shutil.rmtree(_notes(job, library), ignore_errors=True)
    tidy(jobs, library)


def tidy(jobs: Iterable[ModelJob], library: Library) -> None:
    """Remove the folders of notes in which there are none."""
    for notes in dict.fromkeys(_notes(job, library) for job in jobs):
        for folder in (notes, *list(notes.parents)[:4]):  # of the run, method, task, work, and all work
            with suppress(OSError):  # something is in it, or it is gone
                folder.rmdir()


class _Told:
    """Notes how far a job is, now and then."""

    def __init__(self, file: Path) -> None:
        self._file, self._began, self._noted = file, time.monotonic(), -math.inf

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._noted >= EVERY:
            self._noted = now
            with suppress(OSError):  # a note that is missing stops no work
                self._file.write_text(f"{min(share, 1):.4f} {now - self._began:.1f}", "ascii")

    def over(self) -> None:
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def _filed(job: ModelJob, result: tuple[bytes, ...] | Exception, library: Library) -> Exception | None:
    """Put into the cache of this machine what another one has computed."""
    if isinstance(result, Exception):
        return result
    reference = library.find(job.task, job.method, job.tag)
    try:
        with storage_errors():
            for file, content in zip(WORK[job.what].kept(reference), result, strict=True):
                if not file.is_file():
                    write_atomically(file, content)
    except Exception as error:
        return error
    return None


def _is_done(job: ModelJob, reference: Reference, library: Library) -> bool:
    if kept := WORK[job.what].kept(reference):
        return all(file.is_file() for file in kept)
    try:
        note = _notes(job, library) / DONE
        return note.read_bytes() == _stamp(reference) and time.time() - note.stat().st_mtime < A_DAY
    except OSError:
        return False


def _stamp(reference: Reference) -> bytes:
    """What tells these weights from others that may come to lie there."""
    return repr(dict(reference.files).get(checkpoints.MODEL)).encode()


def _notes(job: ModelJob, library: Library) -> Path:
    what = f"{job.what}-{disk_cache.cache_key(sorted(job.options.items()))}"
    library.folder(job.task, job.method, job.tag)  # raises for a name that would leave the library
    return library.root / RUNS / NOTES / what / job.task / job.method / job.tag
