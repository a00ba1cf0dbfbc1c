"""`measure`: evaluate your own models under every combination, for the app; copies no weights."""

from __future__ import annotations

from shlex import quote
from typing import Annotated, Any

import typer

from mmlab.cli.commands.doctor import ModelFile
from mmlab.cli.common_options import Device, Json, settle
from mmlab.cli.console import MENDABLE, bar, emit, number, say, table, whisper


def command(
    file: ModelFile,
    json: Json = False,
    device: Device = "",
    force: Annotated[bool, typer.Option("--force", help="Evaluate despite the errors found.")] = False,
) -> int:
    """Check, trace and evaluate the models that a file registers, and store the results in the cache folder."""
    settle(device=device)
    with bar("Reading", None) as shown:
        from mmlab.foreign.examining import measure_file
        from mmlab.inference.device import one_thread

        one_thread()
        found, reports = measure_file(file, force, lambda label: shown.start(label, 1.0), shown.move)
    if json:
        emit({"models": found, "doctor": [report.card() for report in reports]})
        return MENDABLE if len(found) < len(reports) else 0
    for report in reports:
        if report.findings:
            say(report.text())
    for each in found:
        _show(each)
    if len(found) < len(reports):
        whisper("Models with errors were not measured: fix them, or use --force.")
        return MENDABLE
    say(f"See it in the app: python -m mmlab open {quote(str(file))}")
    return 0


def _show(found: dict[str, Any]) -> None:
    names = list(found["mean"])
    rows = [(key, *(number(row[name]) for name in names)) for key, row in found["metrics"].items()]
    rows.append(("mean", *(number(found["mean"][name]) for name in names)))
    table(f"{found['name']}, {found['samples']} test samples", ("present", *names), rows)
    for note in found["notes"]:
        say(f"  {note}")
