"""Many runs: tasks x methods x seeds, and the ablation ladder of each paper. Trains the missing ones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mmlab.core.errors import MmlabError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.options import as_dict, build
from mmlab.core.task import TASKS
from mmlab.core.training_plan import Plan
from mmlab.experiments import stored_runs
from mmlab.experiments.ablations import ladder, rung_tag
from mmlab.experiments.background.manager import seconds_left
from mmlab.experiments.executors import Engine
from mmlab.experiments.train_job import TrainedElsewhere, TrainJob, default_plan, is_done, is_outdated, run_train
from mmlab.storage import progress_file
from mmlab.storage.file_lock import is_locked
from mmlab.storage.library import ALIVE, Library


@dataclass(frozen=True)
class RunningJob:
    """A job that a process works on: its epochs so far and in all, and the seconds that are left, if known."""

    job: TrainJob
    epoch: int
    epochs: int
    seconds: float | None


def grid_jobs(
    tasks: Sequence[str], methods: Sequence[str], seeds: Iterable[int], plan: Mapping[str, Any] | None = None
) -> list[TrainJob]:
    """A job per task, method and seed; teachers come first, so that nobody trains one twice."""
    order = sorted(methods, key=lambda name: (bool(METHODS[name].teachers), list(methods).index(name)))
    seeds = list(seeds)
    return [TrainJob(t, m, {}, dict(plan or {}), s) for t in tasks for m in order for s in seeds]


def gap_jobs(jobs: Iterable[TrainJob], missing: str) -> list[TrainJob]:
    """The same jobs on training data with gaps (see `mmlab.training.missing_data`), in folders of their own."""
    return [
        replace(job, plan={**job.plan, "missing": missing}, tag=f"{gap_tag(missing)}-seed{job.seed}") for job in jobs
    ]


def gap_tag(missing: str) -> str:
    """The start of the folder names of runs on data with these gaps."""
    return "missing-" + re.sub(r"[^a-z0-9.]+", "-", missing.lower())


def ladder_jobs(
    task: str,
    method: str,
    seeds: Iterable[int],
    plan: Mapping[str, Any] | None = None,
    rungs: Sequence[str] = (),
) -> list[TrainJob]:
    """A job per rung and seed of a method's ladder, of all rungs where none is named.

    Raises UnknownName for a method without a ladder, and for a rung that it has not.
    """
    seeds, known = list(seeds), [rung.name for rung in ladder(method)]
    for name in rungs:
        if name not in known:
            raise UnknownName(f"The ladder of {method} has no step '{name}'.", f"There are: {', '.join(known)}.")
    return [
        TrainJob(task, method, rung.config, dict(plan or {}), seed, rung_tag(rung, seed))
        for rung in ladder(method)
        if not rungs or rung.name in rungs
        for seed in seeds
    ]


def missing(jobs: Iterable[TrainJob], library: Library) -> list[TrainJob]:
    """The jobs that have not been done on the data, and with the missing table, as they are now."""
    return [job for job in jobs if not is_done(job, library) or is_outdated(job, library)]


def run(
    jobs: Sequence[TrainJob], library: Library, engine: Engine, store: str = ""
) -> Iterator[tuple[TrainJob, str | Exception]]:
    """Do the jobs, as they finish; those without teachers first, since they may be the teachers of others.

    What another process is training is left to it and looked at again at the end, so that two grids share the work.
    store: the address where runs lie instead (`mmlab.experiments.stored_runs`); the library gets what is finished.
    """
    if store:
        yield from _run_stored(jobs, library, engine, store)
        return
    work, busy = partial(run_train, root=str(library.root.absolute())), []
    for some in _teachers_first(jobs):
        for job, result in engine.map(work, some):
            if isinstance(result, TrainedElsewhere):
                busy.append(job)
            else:
                yield job, result
    yield from engine.map(partial(work, patience=math.inf), busy)


def _run_stored(
    jobs: Sequence[TrainJob], library: Library, engine: Engine, store: str
) -> Iterator[tuple[TrainJob, str | Exception]]:
    work = partial(stored_runs.run_stored, url=store)
    for some in _teachers_first(jobs):
        for job, result in engine.map(work, some):
            if isinstance(result, str):
                try:
                    stored_runs.bring_together([job], library, store)
                except MmlabError as error:
                    yield job, error
                    continue
            yield job, result


def _teachers_first(jobs: Sequence[TrainJob]) -> tuple[list[TrainJob], list[TrainJob]]:
    first = [job for job in jobs if not METHODS[job.method].teachers]
    return first, [job for job in jobs if job not in first]


def share_done(jobs: Sequence[TrainJob], library: Library) -> float:
    """How much of the jobs is done, by the epochs in their progress files."""
    total, done = 0, 0
    for job in jobs:
        method = METHODS[job.method]
        epochs = as_dict(build(Plan, {**default_plan(TASKS[job.task](), method), **job.plan}))["epochs"]
        folder = library.folder(job.task, job.method, job.folder)
        total += epochs
        done += epochs if is_done(job, library) else len(progress_file.whole_lines(folder))
    return done / max(total, 1)


def under_way(jobs: Iterable[TrainJob], library: Library) -> list[RunningJob]:
    """The jobs that somebody works on now, by their locks and progress files, on whatever machine that is."""
    found = []
    for job in jobs:
        if is_locked(library.run_home(job.task, job.method, job.folder) / ALIVE) and not is_done(job, library):
            rows = progress_file.whole_lines(library.folder(job.task, job.method, job.folder))
            if rows:
                found.append(RunningJob(job, rows[-1]["epoch"] + 1, rows[-1]["epochs"], seconds_left(rows)))
    return found
