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
        Path | None,
        typer.Option(
            "--site", metavar="FOLDER", help="Write static pages to a new folder; they open without a server."
        ),
    ] = None,
    onnx: Annotated[
        Path | None,
        typer.Option(
            "--onnx", metavar="FOLDER", help="One model as ONNX graphs, which take the combination as an input."
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", "-m", help="A method, or several; by default all trained ones."),
    ] = None,
    tag: Tag = "",
    json: Json = False,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Export trained models as static pages with their provenance, or one model as ONNX."""
    if (site is None) == (onnx is None):
        raise DataError("Say into what to export.", "Give --site FOLDER or --onnx FOLDER.")
    library = settle(device=device, checkpoints=checkpoints)
    chosen = _chosen(library, task, method or [], tag)
    if onnx is not None:
        _write_graphs(chosen, onnx, json)
    elif site is not None:
        _write_pages(chosen, site, json)


def _write_pages(chosen: list[Reference], folder: Path, json: bool) -> None:
    with bar("Loading", None) as shown:
        from mmlab.experiments import site_export
        from mmlab.inference.device import one_thread

        one_thread()
        files = site_export.site_of(chosen, lambda name: shown.start(f"Measuring {name}", None))
        size = site_export.write(files, folder)
    if json:
        emit({"folder": str(folder), "models": [each.name for each in chosen], "bytes": size})
        return
    say(f"{folder / 'index.html'}: {len(chosen)} models, {size / 1e6:.1f} MB. Open it in a browser.")


def _write_graphs(chosen: list[Reference], folder: Path, json: bool) -> None:
    if len(chosen) != 1:
        raise DataError(f"ONNX graphs are of one model, and these are {len(chosen)}.", "Name one with --method.")
    with bar("Writing and comparing the graphs", None):
        from mmlab.experiments import onnx_export
        from mmlab.inference.device import one_thread
        from mmlab.inference.predictor import Model

        one_thread()
        about = onnx_export.export(Model.open(chosen[0]), folder)
    if json:
        emit({"folder": str(folder), **about})
        return
    for name, graph in about["graphs"].items():
        say(f"{folder / name}: {', '.join(graph['inputs'])} -> {', '.join(graph['outputs'])}")
    say(f"Compared {about['compared']}.")
    if "windows" in about:
        say(about["windows"]["about"])


def _chosen(library: Library, task: str, methods: list[str], tag: str) -> list[Reference]:
    """The named run of each method, or the first; without names, of every method that has an ordinary run."""
    if methods:
        return [library.find(task, name, tag) for name in dict.fromkeys(methods)]
    wanted = re.compile(re.escape(tag)) if tag else SEED_FOLDER
    found = {each.method: each for each in reversed(library.references(task)) if wanted.fullmatch(each.tag)}
    if not found:
        raise DataError(f"There is no trained model for {task}.", f"Train one: python -m mmlab grid --tasks {task}")
    return [found[name] for name in sorted(found)]
