"""`example`: a small data set of one's own to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import bar, emit, say


def command(
    folder: Annotated[Path, typer.Argument(help="A new folder to write the example into.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="NPZ", help="Instead: your features, an array per input and the right answers."),
    ] = None,
    json: Json = False,
) -> None:
    """Write a small folder of one's own data, with gaps, to look at, to train on and to change."""
    with bar("Writing", None):
        from mmlab.tasks.custom.example_folder import write_example
        from mmlab.tasks.custom.from_arrays import write_from_arrays

        count = write_example(folder) if source is None else write_from_arrays(source, folder)
    if json:
        emit({"folder": str(folder), "samples": count})
        return
    say(f"{count} samples are in {folder}: task.json, manifest.csv and their files. Next:")
    for line in ("check {}", "train --task {} --method dropout", "evaluate --task {} --method dropout"):
        say(f"  python -m mmlab {line.format(quote(str(folder)))}")
    say(f"  MMLAB_FOLDERS={quote(str(folder))} python -m mmlab app")
