"""`map`: one UMAP of the embeddings of all combinations, for the Embedding map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import AtATime, Carrier, Checkpoints, Cpus, EngineName, Gpus, Json, Machines, Tag, settle
from mmlab.cli.console import emit, say
from mmlab.cli.model_jobs import SomeMethod, SomeTask, carry_out, raise_for_failed

if TYPE_CHECKING:
    from mmlab.core.reference import Reference
    from mmlab.storage.library import Library


def command(
    task: SomeTask = "",
    method: SomeMethod = "",
    tag: Tag = "",
    seed: Annotated[int, typer.Option(help="Random seed; the map is reproducible on the same machine.", min=0)] = 0,
    neighbours: Annotated[int, typer.Option(help="Neighbours per point (n_neighbors).", min=2, max=200)] = 15,
    distance: Annotated[
        float, typer.Option(help="Minimum distance between points (min_dist).", min=0.0, max=0.99)
    ] = 0.1,
    solid: Annotated[bool, typer.Option(help="Also fit a three-dimensional map; doubles the file size.")] = True,
    processes: AtATime = 0,
    engine: EngineName = Carrier.PROCESSES,
    cpus: Cpus = 1.0,
    gpus: Gpus = 0.0,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Compute the UMAPs of trained models from their sweeps, and save them beside the checkpoints. A minute each."""
    library, machines = settle(checkpoints=checkpoints), Machines(engine, processes, cpus, gpus)
    wanted = _wanted(library, task, method, tag)
    from mmlab.analysis.embedding.map_file import MAP
    from mmlab.analysis.embedding.maps import MapSettings
    from mmlab.core.options import as_dict
    from mmlab.experiments import model_jobs, model_work

    settings = MapSettings(neighbours=neighbours, minimum_distance=distance, seed=seed, solid=solid)
    jobs = model_jobs.jobs_of(wanted, model_work.MAP, as_dict(settings))
    failed = carry_out(jobs, library, machines)
    made = [Path(each.path) / MAP for job, each in zip(jobs, wanted, strict=True) if job.name not in failed]
    if json:
        files = [{"map": str(file), "bytes": file.stat().st_size, "seed": seed} for file in made]
        emit(files[0] if task and method else {"maps": files})
    else:
        for file in made:
            say(f"{file} ({file.stat().st_size / 1000:.0f} kB)")
    raise_for_failed(failed)


def _wanted(library: Library, task: str, method: str, tag: str) -> list[Reference]:
    """The run that was named; the first measured run of each method where only some of it was."""
    if task and method:
        return [library.find(task, method, tag)]
    first: dict[tuple[str, str], Reference] = {}
    for reference in library.references(task or "*", method or "*"):
        if (Path(reference.path) / "sweep.npz").is_file() and (not tag or reference.tag == tag):
            first.setdefault((reference.task, reference.method), reference)
    return list(first.values())
