"""`grid`: train and measure many runs, tasks x methods x seeds, or an ablation ladder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.cli.common_options import (
    AtATime,
    Carrier,
    Checkpoints,
    Cpus,
    Data,
    Device,
    EngineName,
    FoldCount,
    FoldsBy,
    Gpus,
    Json,
    Machines,
    fold_tasks,
    pairs,
    settle,
)
from mmlab.cli.console import bar, emit, say, whisper
from mmlab.cli.watching import left, watched
from mmlab.core.errors import DataError, MmlabError, StorageError
from mmlab.storage.library import Library
from mmlab.tasks.custom.locations import name_of

if TYPE_CHECKING:
    from mmlab.experiments.grid import RunningJob
    from mmlab.experiments.train_job import TrainJob

EVERY_SECONDS = 5.0  # between two looks


def command(
    tasks: Annotated[str, typer.Option(help="Tasks, comma-separated; all by default.")] = "",
    methods: Annotated[str, typer.Option(help="Methods, comma-separated; by default all that support the task.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0.")] = 3,
    ladder: Annotated[str, typer.Option(help="Run the ablation of this method instead.")] = "",
    rungs: Annotated[str, typer.Option(help="With --ladder: only these steps, by name, comma-separated.")] = "",
    search: Annotated[
        bool, typer.Option(help="Run each method's hyperparameter search on validation instead.")
    ] = False,
    missing: Annotated[
        str, typer.Option(help="Train on data with gaps: shared, imbalanced, 0.3 for all, or image=0.5,sound=0.1.")
    ] = "",
    plan: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A training setting, for all runs.")
    ] = None,
    folds: FoldCount = 0,
    by: FoldsBy = "group",
    store: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Object store for the runs, for machines without a shared folder: s3://bucket/models, sftp://...",
        ),
    ] = "",
    processes: AtATime = 0,
    engine: EngineName = Carrier.PROCESSES,
    cpus: Cpus = 1.0,
    gpus: Gpus = 0.0,
    json: Json = False,
    data: Data = None,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Train the missing runs. Failed runs are reported and the rest continue; interrupted runs are resumed."""
    library = settle(data, device, checkpoints)
    machines = Machines(engine, processes, cpus, gpus)
    named = [fold for word in _words(tasks) for fold in fold_tasks(name_of(word), folds, by)]
    if folds and not named:
        raise DataError("Folds of which task?", "Name a folder of your own: --tasks FOLDER.")
    with bar("Starting", None):
        from mmlab.experiments import grid, stored_runs

        planned = pairs(plan or [], "--plan")
        if search:
            jobs = _search_jobs(named, _words(methods), planned)
        else:
            jobs = _jobs(named, _words(methods), seeds, (ladder, _words(rungs)), planned)
        jobs = _possible(grid.gap_jobs(jobs, missing) if missing else jobs)
        if store:
            stored_runs.bring_together(jobs, library, store)
        todo = grid.missing(jobs, library)
    whisper(f"{len(jobs)} runs, {len(jobs) - len(todo)} done before, {len(todo)} to do.")
    failed = _run(todo, library, machines, store) if todo else {}
    if json:
        emit({"runs": len(jobs), "done": len(jobs) - len(failed), "failed": failed})
    else:
        say(f"{len(jobs) - len(failed)} of {len(jobs)} runs are done.")
    if failed:
        raise MmlabError(f"{len(failed)} runs failed: {', '.join(failed)}.", "The same command tries them again.")


def _jobs(
    tasks: Sequence[str], methods: Sequence[str], seeds: int, steps: tuple[str, Sequence[str]], plan: dict[str, Any]
) -> list[TrainJob]:
    """steps: of which method's ladder instead, and which of its steps; all of them where none is named."""
    from mmlab.core.method import METHODS
    from mmlab.core.task import TASKS
    from mmlab.experiments import grid

    chosen, (ladder, rungs) = list(tasks) or list(TASKS), steps
    if ladder:
        return [job for task in chosen for job in grid.ladder_jobs(task, ladder, range(seeds), plan, rungs)]
    if rungs:
        raise DataError("Steps of which ladder?", "Name its method as well: --ladder m3ixup.")
    return grid.grid_jobs(
        chosen, list(methods) or [name for name in METHODS if METHODS[name].trained_here], range(seeds), plan
    )


def _possible(jobs: Sequence[TrainJob]) -> list[TrainJob]:
    """The jobs that can be done, and a word on each method that is not trained on a task."""
    from mmlab.core.method import METHODS
    from mmlab.core.task import TASKS

    reasons = {(job.task, job.method): METHODS[job.method].unsupported_reason(TASKS[job.task].info) for job in jobs}
    for (task, _), reason in reasons.items():
        if reason:
            whisper(f"{task}: {reason}")
    return [job for job in jobs if not reasons[job.task, job.method]]


def _search_jobs(tasks: Sequence[str], methods: Sequence[str], plan: dict[str, Any]) -> list[TrainJob]:
    from mmlab.core.method import METHODS
    from mmlab.core.task import TASKS
    from mmlab.experiments.hyperparameter_search import search_jobs

    return search_jobs(list(tasks) or list(TASKS), list(methods) or list(METHODS), plan)


def _run(jobs: list[TrainJob], library: Library, machines: Machines, store: str) -> dict[str, str]:
    """Do the jobs; the names of those that failed, and why."""
    from mmlab.experiments import grid

    failed: dict[str, str] = {}
    with (
        machines.engine(None if store else library.root) as engine,
        bar(f"{len(jobs)} runs", 1.0) as shown,
        watched(shown, EVERY_SECONDS, partial(_look, jobs, library)),
    ):
        for job, result in grid.run(jobs, library, engine, store):
            name = f"{job.task}/{job.method}/{job.folder}"
            if isinstance(result, Exception):
                failed[name] = str(result)
                whisper(f"{name} failed: {result}")
                if isinstance(result, StorageError):  # the next run would meet the same disk
                    break
            else:
                shown.note(f"{name} is done, {grid.share_done(jobs, library):.0%} of all.")
    return failed


def _look(jobs: list[TrainJob], library: Library) -> tuple[float, list[str]]:
    """How far all jobs are, and each that is under way."""
    from mmlab.experiments.grid import share_done, under_way

    return share_done(jobs, library), [_far(each) for each in under_way(jobs, library)]


def _far(each: RunningJob) -> str:
    """How far a job is: `digits/joint/seed0 3 of 8, 40 s left`."""
    name = f"{each.job.task}/{each.job.method}/{each.job.folder}"
    return f"{name} {each.epoch} of {each.epochs}{left(each.seconds)}"


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]
