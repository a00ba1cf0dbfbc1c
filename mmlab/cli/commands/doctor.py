"""`doctor`: all that is wrong with models of one's own, before anybody believes a number."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Device, Json, settle
from mmlab.cli.console import MENDABLE, bar, emit, say

ModelFile = Annotated[
    Path,
    typer.Argument(help="A Python file that calls mmlab.register, or a file of answers (.npz).", show_default=False),
]


def command(file: ModelFile, json: Json = False, device: Device = "") -> int:
    """Say all that is wrong with the models that a file registers; exit code 2 where numbers would be wrong."""
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
