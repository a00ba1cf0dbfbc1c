"""`doctor`: find the problems of your own models before anybody trusts a number."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Device, Json, settle
from mmlab.cli.console import MENDABLE, bar, emit, say


def _located(file: Path) -> Path:
    """The file of a module that is named as `python -m` takes it; any other name is a file already."""
    words = str(file).split(".")
    if file.exists() or not all(map(str.isidentifier, words)) or len(words) < 2 or words[-1] in ("py", "npz"):
        return file
    try:
        found = find_spec(str(file))
    except ModuleNotFoundError:
        return file
    return Path(found.origin) if found and found.origin else file


ModelFile = Annotated[
    Path,
    typer.Argument(
        help="A Python file that calls mmlab.register (or an installed module, a.b), or a file of outputs (.npz).",
        show_default=False,
        callback=_located,
    ),
]


def command(file: ModelFile, json: Json = False, device: Device = "") -> int:
    """Diagnose the models that a file registers; exit code 2 if their numbers would be wrong."""
    settle(device=device)
    with bar("Reading", None) as shown:
        from mmlab.foreign.examining import examine_file
        from mmlab.inference.device import one_thread

        one_thread()
        shown.start("Examining", None)
        reports = examine_file(file)
    if json:
        emit({"models": [report.card() for report in reports]})
    else:
        for report in reports:
            say(report.text())
    return MENDABLE if any(report.errors for report in reports) else 0
