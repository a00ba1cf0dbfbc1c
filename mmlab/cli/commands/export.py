"""`export`: trained models in forms that need no mmlab."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Device, Json, Tag, TaskName, settle
from mmlab.cli.console import bar, emit, say
from mmlab.core.errors import DataError
from mmlab.core.reference import Reference
from mmlab.storage.library import SEED_FOLDER, Library


def command(
    task: TaskName,
    site: Annotated[
        Path,
        typer.Option("--site", metavar="FOLDER", help="Static pages into a new folder, to open without a server."),
    ],
    method: Annotated[
        list[str] | None,
        typer.Option("--method", "-m", help="A method, or several; all that are trained by default."),
    ] = None,
    tag: Tag = "",
    json: Json = False,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Write trained models as static pages: combinations, failures, embedding and dominance, with their provenance."""
    library = settle(device=device, checkpoints=checkpoints)
    chosen = _chosen(library, task, method or [], tag)
    with bar("Loading", None) as shown:
        from mmlab.experiments import site_export
        from mmlab.inference.device import one_thread

        one_thread()
        files = site_export.site_of(chosen, lambda name: shown.start(f"Measuring {name}", None))
        size = site_export.write(files, site)
    if json:
        emit({"folder": str(site), "models": [each.name for each in chosen], "bytes": size})
        return
    say(f"{site / 'index.html'}: {len(chosen)} models, {size / 1e6:.1f} MB. Open it in a browser.")


def _chosen(library: Library, task: str, methods: list[str], tag: str) -> list[Reference]:
    """The named run of each method, or the first; without names, of every method that has an ordinary run."""
    if methods:
        return [library.find(task, name, tag) for name in dict.fromkeys(methods)]
    wanted = re.compile(re.escape(tag)) if tag else SEED_FOLDER
    found = {each.method: each for each in reversed(library.references(task)) if wanted.fullmatch(each.tag)}
    if not found:
        raise DataError(f"There is no trained model for {task}.", f"Train one: python -m mmlab grid --tasks {task}")
    return [found[name] for name in sorted(found)]
