"""`precompute`: fill the cache for many models at once, so that their pages open immediately."""

from __future__ import annotations

from typing import Annotated

import typer

from mmlab.cli.common_options import (
    AtATime,
    Carrier,
    Checkpoints,
    Cpus,
    Data,
    Device,
    EngineName,
    Gpus,
    Json,
    Machines,
    Tag,
    opened,
    settle,
)
from mmlab.cli.console import emit, say, whisper
from mmlab.cli.model_jobs import SomeMethod, SomeTask, carry_out, chosen, raise_for_failed
from mmlab.core.errors import UnknownName


def command(
    task: SomeTask = "",
    method: SomeMethod = "",
    tag: Tag = "",
    what: Annotated[
        str, typer.Option(help="Comma-separated: dominance, imputation, validation, corruptions; all by default.")
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
    """Compute and cache what Dominance, Imputation, When to trust and Robustness need from models.

    Pages then open immediately. Cached results are not computed again, and an interrupted run continues.
    """
    library = settle(opened(task, data), device, checkpoints)
    machines = Machines(engine, processes, cpus, gpus)
    from mmlab.experiments import model_jobs, model_work

    words = [word for word in what.split(",") if word] or list(model_work.AHEAD)
    for word in words:
        if word not in model_work.AHEAD:
            raise UnknownName(f"There is no '{word}' to compute.", f"There are: {', '.join(model_work.AHEAD)}.")
    wanted = chosen(library, task, method, tag)
    jobs = [job for word in words for job in model_jobs.jobs_of(wanted, word)]
    failed = carry_out(jobs, library, machines)
    if json:
        emit({"models": [each.name for each in wanted], "what": words, "failed": list(failed)})
    else:
        for word in words:
            whisper(f"{word}: {model_work.WORK[word].about}.")
        say(f"{len(jobs) - len(model_jobs.missing(jobs, library))} of {len(jobs)} are there.")
    raise_for_failed(failed)
