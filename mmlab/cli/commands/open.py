"""`open`: the app with your own models in it."""

from __future__ import annotations

from typing import Annotated

import typer

from mmlab.cli.commands.doctor import ModelFile
from mmlab.cli.common_options import Device, settle
from mmlab.cli.console import MENDABLE, bar, emit, say, whisper
from mmlab.cli.streamlit_process import Port, check_app, serve_app


def command(
    file: ModelFile,
    device: Device = "",
    port: Port = 8501,
    json: Annotated[
        bool, typer.Option("--json", help="Print what would be opened, as JSON, and start nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Open despite the errors found.")] = False,
) -> int:
    """Evaluate the models that a file registers, if not done yet, and open the app."""
    settle(device=device)
    check_app()
    with bar("Reading", None) as shown:
        from mmlab.foreign.examining import measure_file
        from mmlab.inference.device import one_thread

        one_thread()
        found, reports = measure_file(file, force, lambda label: shown.start(label, 1.0), shown.move, again=False)
    if json:
        emit({"models": found, "doctor": [report.card() for report in reports]})
        return MENDABLE if len(found) < len(reports) else 0
    for report in reports:
        if report.findings:
            say(report.text())
    if len(found) < len(reports):
        whisper("Models with errors were not measured: fix them, or use --force.")
        return MENDABLE
    for each in found:
        say(f"http://127.0.0.1:{port}/predict?task={each['task']}")
    return serve_app(port)
