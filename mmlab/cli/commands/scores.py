"""`scores`: import published or external results into the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Json, TaskName, settle
from mmlab.cli.console import bar, emit, say
from mmlab.core.errors import DataError


def command(
    task: TaskName,
    file: Annotated[
        Path | None, typer.Argument(help="CSV with the columns combination and score (and method).", show_default=False)
    ] = None,
    title: Annotated[str, typer.Option(help="The name of the method, if the file does not state it.")] = "",
    remove: Annotated[str, typer.Option(metavar="TITLE", help="Remove the scores imported under this name.")] = "",
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Import a score per combination from CSV, as rows of Compare; without a file, list the imported scores."""
    library = settle(checkpoints=checkpoints)
    with bar("Reading", None):
        from mmlab.core.task import TASKS
        from mmlab.experiments.score_import import LARGEST, read_scores
        from mmlab.storage import imported_scores

        info = TASKS[task]().info
        if remove:
            imported_scores.remove(library, task, remove)
        if file is not None:
            try:
                with file.open("rb") as opened:
                    content = opened.read(LARGEST + 1)
            except OSError as error:
                raise DataError(f"'{file}' cannot be read.", "Check the path and the permissions.") from error
            imported_scores.add(library, task, read_scores(content, info, title, file.name))
        there = imported_scores.read(library, task)
    if json:
        emit({"task": task, "imported": there})
        return
    for name, result in there.items():
        counts = ", ".join(f"{metric} of {len(table)} combinations" for metric, table in result["metrics"].items())
        say(f"{name}: {counts}, from {result['file']}")
    if not there:
        say("Nothing was imported.")
