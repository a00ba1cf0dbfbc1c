"""Evaluation of a registered model: a checkpoint with a card and no weights, its report, and its sweep."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors.torch

from mmlab.core.errors import PluginError
from mmlab.core.method import METHODS, Method
from mmlab.core.task import TASKS, Task
from mmlab.core.version import __version__
from mmlab.experiments.train_job import evaluate, summary
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.doctor import Report
from mmlab.foreign.fingerprint import fingerprint
from mmlab.foreign.opening import adapted, trace_card
from mmlab.foreign.outputs_file import Outputs, digest_of
from mmlab.foreign.registration import Registration
from mmlab.inference.device import device, label
from mmlab.storage import sweep_file
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.checkpoints import MODEL, REPORT, encode_card, write_json
from mmlab.storage.measured import measured_folder


def folder_of(registration: Registration, task: str) -> Path:
    """Where what is measured goes."""
    return measured_folder(registration.file) / task / registration.name / registration.tag


def measure(
    registration: Registration, told: Report | None = None, on_progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Trace, sweep and report; copies no weights. told: what the doctor said, for the card. Raises MmlabError."""
    if registration.name in METHODS.problems or registration.name not in METHODS:
        problem = METHODS.problems.get(registration.name) or METHODS.problems.get(f"{registration.name} (registered)")
        raise PluginError(f"'{registration.name}' cannot be used: {problem}", "Mend its file.")
    kind = METHODS[registration.name]
    if isinstance(registration.model, Outputs):
        return _take_over(registration, registration.model)
    assert issubclass(kind, RegisteredModel)
    task = TASKS[kind.task]()
    method = adapted(registration, task.info, kind, device())
    folder = folder_of(registration, kind.task)
    card = card_of(method, task, told)
    digest = write_stub(folder, card)
    report = evaluate(task, method, folder, digest, card, on_progress)
    return {"folder": str(folder), "task": kind.task, "notes": method.notes, **report["sources"]["built-in"]}


def _take_over(registration: Registration, outputs: Outputs) -> dict[str, Any]:
    """The answers of a file, as if they had been measured."""
    task = TASKS[registration.name]()
    method = METHODS[registration.name](task.info, Method.Config())
    folder = folder_of(registration, registration.name)
    card = {
        **_about(registration, task),
        "parameters": 0,
        "registered": {
            "file": Path(registration.file).name,
            "fingerprint": {"file": digest_of(Path(registration.file))},
        },
    }
    digest = write_stub(folder, card)
    found = replace(outputs.found, digest=digest)
    sweep_file.write(folder, found, exact=True)
    measured = summary(found, method)
    whole = {"digest": digest, "headline": outputs.output.headline, "card": card, "sources": {"built-in": measured}}
    write_json(folder / REPORT, whole)
    return {"folder": str(folder), "task": registration.name, "notes": [], **measured}


def write_stub(folder: Path, card: dict[str, Any]) -> str:
    """A checkpoint without weights; returns its digest."""
    content = safetensors.torch.save({}, encode_card(card))
    write_atomically(folder / MODEL, content)

    return hashlib.sha256(content).hexdigest()


def card_of(method: RegisteredModel, task: Task, report: Report | None) -> dict[str, Any]:
    """What is told of the model: what it is, what was found out, and what the doctor said."""
    registration = method.registration
    return {
        **_about(registration, task),
        "parameters": sum(parameter.numel() for parameter in method.module.parameters()),
        "registered": {
            "file": Path(registration.file).name,
            "fingerprint": fingerprint(method),
            "trace": trace_card(method),
            "doctor": report.card() if report is not None else {},
        },
    }


def _about(registration: Registration, task: Task) -> dict[str, Any]:
    return {
        "task": task.info.card(),
        "method": registration.name,
        "config": {},
        "plan": {},
        "seed": registration.seed,
        "training_seconds": 0.0,
        "data": task.describe(),
        "device": label(device()),
        "versions": {"mmlab": __version__, "torch": version("torch"), "python": platform.python_version()},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
