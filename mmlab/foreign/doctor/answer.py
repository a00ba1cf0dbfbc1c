"""The call and its output: whether forward runs, and returns one row of logits per sample."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mmlab.core.errors import MmlabError
from mmlab.foreign import answers
from mmlab.foreign.doctor.examined_model import ExaminedModel, StopExamination
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import in_one_line, own_line
from mmlab.foreign.trees import described


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """Run complete samples and look at what comes back."""
    registration = patient.registration
    try:
        patient.ready()
        returned, changed = patient.returned()
    except MmlabError as error:
        raise StopExamination(Finding("call", "error", error.message, error.hint)) from error
    except Exception as error:
        raise StopExamination(
            Finding(
                "answer",
                "error",
                f"forward crashes on complete samples: {_said(error)}",
                "Mend forward, or what the data set gives.",
                own_line(error),
            )
        ) from error
    if changed:
        yield Finding(
            "inputs",
            "error",
            f"forward changes '{changed[0]}' in place.",
            "Work on a copy: x = x.clone(), or without the underscore (x.add, not x.add_).",
            why="The next combination would be answered from a changed input.",
        )
    try:
        found = answers.find(returned, registration.logits)
        logits = answers.shaped(found, registration.output, patient.count, registration.probabilities)
    except MmlabError as error:
        raise StopExamination(Finding("answer", "error", error.message, error.hint)) from error
    except Exception as error:
        message = f"logits= failed on {described(returned)}: {_said(error)}"
        raise StopExamination(Finding("answer", "error", message, "Mend the function.", own_line(error))) from error
    patient.answers = True
    if not bool(torch.isfinite(logits).all()):
        yield Finding(
            "answer",
            "error",
            "The answer to complete samples is not finite.",
            "Look for a division by zero, a log of zero, or weights that are NaN.",
        )
        return
    yield from _kind(patient, found)


def _said(error: BaseException) -> str:
    text = in_one_line(error)
    line = own_line(error)
    return text.removesuffix(line).strip() if line else text


def _kind(patient: ExaminedModel, found: Tensor) -> Iterator[Finding]:
    """Probabilities that are taken for logits, and the other way round."""
    registration, output = patient.registration, patient.registration.output
    values = found.detach().float()
    inside = bool((values >= 0).all() and (values <= 1).all())
    classes = bool(output.class_names)
    sums = classes and bool((values.sum(1) - 1).abs().max() < 1e-3)
    varies = float(values.std()) > 0 if values.numel() > 1 else False
    if registration.probabilities and not inside:
        yield Finding(
            "answer",
            "error",
            f"probabilities=True, and the answer runs from {values.min():.2f} to {values.max():.2f}.",
            "Leave probabilities= out: these are logits.",
        )
    elif not registration.probabilities and inside and varies and (sums or not output.is_one_target):
        what = "Each row of the answer sums to 1" if sums else "Every number of the answer lies between 0 and 1"
        yield Finding(
            "answer",
            "error",
            f"{what}: these are probabilities, not logits.",
            "Say so: probabilities=True. Or return the logits, before softmax or sigmoid.",
            why="A softmax of probabilities makes every answer look unsure, and calibration meaningless.",
        )
    elif classes and bool((values.exp().sum(1) - 1).abs().max() < 1e-3) and not sums:
        return  # log-probabilities are logits
    whole = bool((values == values.round()).all()) and bool(((values == 0) | (values == 1)).all())
    if classes and whole and varies:
        yield Finding(
            "answer",
            "error",
            "The answer holds zeros and ones only, as after argmax.",
            "Return the logits, before anything is decided.",
        )
