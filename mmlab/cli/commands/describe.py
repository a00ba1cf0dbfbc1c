"""`describe`: a folder of one's own in words that other programs read."""

from __future__ import annotations

import json as encoder
from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import bar, emit, say


def command(
    folder: Annotated[Path, typer.Argument(help="The folder with task.json and manifest.csv.")],
    licence: Annotated[str, typer.Option("--licence", "--license", metavar="URL", help="Where its terms stand.")] = "",
    address: Annotated[str, typer.Option("--url", metavar="URL", help="Where the data set is found.")] = "",
    json: Json = False,
) -> None:
    """Write croissant.json into a folder of one's own: Croissant 1.0, which catalogues and loaders of data read."""
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
