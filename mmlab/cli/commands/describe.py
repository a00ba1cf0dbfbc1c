"""`describe`: machine-readable metadata of your own data folder."""

from __future__ import annotations

import json as encoder
from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import bar, emit, say


def command(
    folder: Annotated[Path, typer.Argument(help="The folder with task.json and manifest.csv.")],
    licence: Annotated[str, typer.Option("--licence", "--license", metavar="URL", help="URL of the licence.")] = "",
    address: Annotated[str, typer.Option("--url", metavar="URL", help="URL of the data set.")] = "",
    json: Json = False,
) -> None:
    """Write croissant.json into your own data folder: Croissant 1.0 metadata for data catalogues and loaders."""
    with bar("Describing", None):
        from mmlab.storage.atomic_files import write_atomically
        from mmlab.tasks.custom.croissant import CROISSANT, croissant

        found = croissant(folder, licence, address)
        write_atomically(folder / CROISSANT, encoder.dumps(found, indent=1, ensure_ascii=False).encode())
    if json:
        emit(found)
        return
    sets = ", ".join(each["@id"] for each in found["recordSet"])
    say(f"{folder / CROISSANT}: {len(found['distribution'])} files and sets of files, records {sets}")
