"""What the commands do with a file: check the models that it registers, and evaluate them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.core.method import METHODS
from mmlab.foreign.doctor import Finding, Report, examine
from mmlab.foreign.measuring import folder_of, measure
from mmlab.foreign.outputs_file import Outputs, read_outputs
from mmlab.foreign.registration import Registration, name_file, read_file
from mmlab.inference.predictor import Model
from mmlab.storage import report_file
from mmlab.storage.library import Library


def examine_file(file: Path) -> list[Report]:
    """A report for each model in a file. Raises MmlabError where the file itself cannot be read."""
    if file.suffix == ".npz":
        return [_examine_outputs(file)]
    name_file(file)
    return [_examined(each) for each in read_file(file)]


def _examined(registration: Registration) -> Report:
    """The doctor's report, and whether the name is free."""
    report = examine(registration)
    problem = METHODS.problems.get(f"{registration.name} (registered)")
    if problem is None:
        return report
    finding = Finding("name", "error", getattr(problem, "message", str(problem)), getattr(problem, "hint", ""))
    return Report(report.name, [finding, *report.findings], report.seconds, report.checks)


def _examine_outputs(file: Path) -> Report:
    start = time.perf_counter()
    findings = []
    try:
        found = read_outputs(file).found
        if len(set(map(bytes, found.logits))) < len(found.logits):
            findings.append(
                Finding(
                    "answer",
                    "warning",
                    "Two combinations have exactly the same answers.",
                    "Were they copied, or is an input never used?",
                )
            )
    except MmlabError as error:
        findings.append(Finding("data", "error", error.message, error.hint))
    return Report(file.stem, findings, time.perf_counter() - start, ["data", "answer"])


def measure_file(
    file: Path,
    force: bool,
    start: Callable[[str], None],
    move: Callable[[float], None],
    again: bool = True,
) -> tuple[list[dict[str, Any]], list[Report]]:
    """Measure what a file registers and the doctor passes (`force`: all; `again`: what was measured, too)."""
    name_file(file)
    found, reports = [], []
    for registration in read_file(file):
        kept = None if again else _kept(registration)
        if kept is not None:
            found.append(kept)
            reports.append(Report(registration.name, [], 0.0, []))
            continue
        start(f"Examining {registration.name}")
        is_file = isinstance(registration.model, Outputs)
        report = _examine_outputs(file) if is_file else _examined(registration)
        reports.append(report)
        if report.errors and not force:
            continue
        start(f"Measuring {registration.name}")
        found.append({"name": registration.name, **measure(registration, report, move)})
    return found, reports


def _kept(registration: Registration) -> dict[str, Any] | None:
    """What was measured of it, where that still holds."""
    name = registration.name
    kind = METHODS[name] if name in METHODS else None  # noqa: SIM401  a registry is no mapping
    if kind is None:
        return None
    task = getattr(kind, "task", "") or registration.name
    folder = folder_of(registration, task)
    try:
        reference = next(r for r in Library().references(task, registration.name) if r.path == str(folder))
        Model.open(reference)
        report = report_file.read(folder)
        return {"name": registration.name, "task": task, "notes": [], **report["sources"]["built-in"]}
    except (StopIteration, MmlabError, KeyError):
        return None
