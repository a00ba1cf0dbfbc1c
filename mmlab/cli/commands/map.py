"""`map`: one picture of the embeddings of all combinations, for the Embed page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Json, Tag, settle
from mmlab.cli.console import bar, emit, say
from mmlab.tasks.custom.locations import name_of

if TYPE_CHECKING:
    from mmlab.core.reference import Reference
    from mmlab.storage.library import Library


def _named(text: str) -> str:
    return name_of(text) if text else ""


Some = Annotated[str, typer.Option("--task", "-t", help="The task; all of them by default.", callback=_named)]
Method = Annotated[str, typer.Option("--method", "-m", help="The method; all of them by default.")]


def command(
    task: Some = "",
    method: Method = "",
    tag: Tag = "",
    seed: Annotated[int, typer.Option(help="Same seed, same map, on the same machine.", min=0)] = 0,
    neighbours: Annotated[int, typer.Option(help="Neighbours per point (n_neighbors).", min=2, max=200)] = 15,
    distance: Annotated[
        float, typer.Option(help="Minimum distance between points (min_dist).", min=0.0, max=0.99)
    ] = 0.1,
    solid: Annotated[bool, typer.Option(help="Also fit a map in three dimensions: twice the size.")] = True,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Make the maps of trained models, from their sweeps, and keep them beside the checkpoints. A minute for each."""
    library = settle(checkpoints=checkpoints)
    made = []
    for reference in _wanted(library, task, method, tag):
        with bar(f"Mapping {reference.name}", 1.0) as shown:
            from mmlab.analysis.embedding.maps import MapSettings
            from mmlab.analysis.embedding.umap_worker import build_map

            settings = MapSettings(neighbours=neighbours, minimum_distance=distance, seed=seed, solid=solid)
            made.append(build_map(Path(reference.path), settings, shown.move))
    if json:
        files = [{"map": str(file), "bytes": file.stat().st_size, "seed": seed} for file in made]
        emit(files[0] if task and method else {"maps": files})
        return
    for file in made:
        say(f"{file} ({file.stat().st_size / 1000:.0f} kB)")


def _wanted(library: Library, task: str, method: str, tag: str) -> list[Reference]:
    """The run that was named; the first measured run of each method where only some of it was."""
    if task and method:
        return [library.find(task, method, tag)]
    first: dict[tuple[str, str], Reference] = {}
    for reference in library.references(task or "*", method or "*"):
        if (Path(reference.path) / "sweep.npz").is_file() and (not tag or reference.tag == tag):
            first.setdefault((reference.task, reference.method), reference)
    return list(first.values())
