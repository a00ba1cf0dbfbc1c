"""`map`: one picture of the embeddings of all combinations, for the Embed page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.given import Checkpoints, Json, MethodName, Tag, TaskName, settle
from mmlab.cli.terminal import bar, emit, say


def command(
    task: TaskName,
    method: MethodName,
    tag: Tag = "",
    seed: Annotated[int, typer.Option(help="Same seed, same map, on the same machine.", min=0)] = 0,
    neighbours: Annotated[int, typer.Option(help="Neighbours that pull at each point.", min=2, max=200)] = 15,
    distance: Annotated[float, typer.Option(help="How tightly points may be packed.", min=0.0, max=0.99)] = 0.1,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Make the map of a trained model, from its sweep, and keep it beside the checkpoint. Takes about a minute."""
    library = settle(checkpoints=checkpoints)
    reference = library.find(task, method, tag)
    with bar(f"Mapping {reference.name}", 1.0) as shown:
        from mmlab.analysis.mapping import build_map
        from mmlab.analysis.maps import MapSettings

        settings = MapSettings(neighbours=neighbours, minimum_distance=distance, seed=seed)
        made = build_map(Path(reference.path), settings, shown.move)
    if json:
        emit({"map": str(made), "bytes": made.stat().st_size, "seed": seed})
        return
    say(f"{made} ({made.stat().st_size / 1000:.0f} kB)")
