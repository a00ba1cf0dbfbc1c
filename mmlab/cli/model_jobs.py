"""Commands that work on many models: on an engine, with a progress bar, failed jobs named, and resumable by the same
command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Carrier, Machines
from mmlab.cli.console import bar, whisper
from mmlab.cli.watching import left, watched
from mmlab.core.errors import CheckpointError, MmlabError, StorageError, Unsupported
from mmlab.storage.library import Library
from mmlab.tasks.custom.locations import name_of

if TYPE_CHECKING:
    from mmlab.core.reference import Reference
    from mmlab.experiments.model_jobs import ModelJob, RunningJob

EVERY_SECONDS = 1.0  # between two looks


def _named(text: str) -> str:
    return name_of(text) if text else ""


SomeTask = Annotated[str, typer.Option("--task", "-t", help="The task; all by default.", callback=_named)]
SomeMethod = Annotated[str, typer.Option("--method", "-m", help="The method; all by default.")]


def chosen(library: Library, task: str, method: str, tag: str) -> list[Reference]:
    """The runs of a task and a method, or of all, and of this tag where one is given.

    Raises UnknownName or CheckpointError for what is not there.
    """
    if task and method:
        return [library.find(task, method, tag)]
    found = [each for each in library.references(task or "*", method or "*") if tag in ("", each.tag)]
    if not found:
        raise CheckpointError("There is no such model in the library.", "See what there is: python -m mmlab list")
    return found


def carry_out(jobs: Sequence[ModelJob], library: Library, machines: Machines) -> dict[str, Exception]:
    """Do the jobs that are not done; the names of those that failed, and why. What a model cannot do is said.

    The error of an only job is raised.
    """
    from mmlab.experiments import model_jobs

    todo, failed = model_jobs.missing(jobs, library), dict[str, Exception]()
    if len(jobs) > 1:
        whisper(f"{len(jobs)} to do in all, {len(jobs) - len(todo)} done before.")
    try:
        if todo:
            failed = _carried(todo, library, machines, alone=len(jobs) == 1)
    finally:
        model_jobs.tidy(jobs, library)
    if not failed:
        model_jobs.finish(jobs, library)
    return failed


def _carried(todo: list[ModelJob], library: Library, machines: Machines, alone: bool) -> dict[str, Exception]:
    from mmlab.experiments import model_jobs
    from mmlab.experiments.model_work import WORK

    failed: dict[str, Exception] = {}
    finished: list[ModelJob] = []

    def look() -> tuple[float, list[str]]:
        found = model_jobs.under_way(todo, library)
        return (len(finished) + sum(each.share for each in found)) / len(todo), [_far(each) for each in found]

    label = WORK[todo[0].what].title if len({job.what for job in todo}) == 1 else f"{len(todo)} to do"
    with (
        _fitting(machines, len(todo)).engine(library.root) as engine,
        bar(label, 1.0) as shown,
        watched(shown, EVERY_SECONDS, look),
    ):
        for job, error in model_jobs.run(todo, library, engine):
            finished.append(job)
            if isinstance(error, Unsupported) and not alone:
                whisper(f"{job.name}: {error}")
            elif error is not None and alone:
                raise error
            elif error is not None:
                failed[job.name] = error
                whisper(f"{job.name} failed: {error}")
                if isinstance(error, StorageError):  # the next one would meet the same disk
                    break
            else:
                shown.note(f"{job.name} is done, {len(finished)} of {len(todo)}.")
    return failed


def raise_for_failed(failed: dict[str, Exception]) -> None:
    """Raise MmlabError where jobs failed, by their names."""
    if failed:
        raise MmlabError(f"{len(failed)} failed: {', '.join(failed)}.", "The same command tries them again.")


def _fitting(machines: Machines, count: int) -> Machines:
    """One job needs no process of its own."""
    if machines.carrier is Carrier.PROCESSES and count == 1:
        return Machines(machines.carrier, 1)
    return machines


def _far(each: RunningJob) -> str:
    """How far a job is: `digits/joint/seed0: map 40 %, 20 s left`."""
    return f"{each.job.name} {each.share:.0%}{left(each.seconds)}"
