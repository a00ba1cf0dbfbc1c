"""All families of checks, one after another. A family that crashes is a finding, and the next one still runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from mmlab.core.errors import MmlabError
from mmlab.foreign.doctor import absence, answer, batches, data, device, gradients, layers, modes, structure, warnings
from mmlab.foreign.doctor.examined_model import ExaminedModel, StopExamination
from mmlab.foreign.doctor.findings import Finding, Report
from mmlab.foreign.error_location import in_one_line
from mmlab.foreign.registration import Registration

Family = Callable[[ExaminedModel], Iterable[Finding]]
FAMILIES: dict[str, Family] = {
    "data": data.check,
    "build": structure.check,
    "answer": answer.check,
    "eval": modes.check,
    "batch": batches.check,
    "absent": absence.check,
    "gradient": gradients.check,
    "layers": layers.check,
    "device": device.check,
    "warnings": warnings.check,
}


def examine(registration: Registration) -> Report:
    """Everything that can be found out without training: a pass that survives crashes."""
    start = time.perf_counter()
    patient = ExaminedModel(registration)
    found: list[Finding] = []
    ran = []
    for name, family in FAMILIES.items():
        if not patient.can(name):
            continue
        ran.append(name)
        try:
            for finding in family(patient):
                found.append(finding)
        except StopExamination as stop:
            found += stop.findings
        except MmlabError as error:
            found.append(Finding(name, "error", error.message, error.hint))
        except Exception as error:  # what a foreign module does wrong here is what is looked for
            found.append(
                Finding(name, "error", f"The check crashed: {in_one_line(error)}", "Mend forward, and ask again.")
            )
    return Report(registration.name, _once(found), time.perf_counter() - start, ran)


def _once(found: list[Finding]) -> list[Finding]:
    """The first of findings that say the same."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in found:
        kept.setdefault((finding.level, finding.message), finding)
    return list(kept.values())
