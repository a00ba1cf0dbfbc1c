"""Absent inputs: every combination gets a prediction, absent inputs have no influence, and present ones have some."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination
from mmlab.foreign.calling import dtype_of
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import in_one_line, own_line
from mmlab.foreign.trees import same_numbers


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """Each combination by itself: a crash in one does not end the others."""
    full = patient.run().logits
    for combination in patient.combinations():
        if len(combination) < len(patient.modalities):
            yield from _answered(patient, combination)
    yield from _unused(patient, full)
    if patient.registration.present:
        yield from _masked(patient)


def _answered(patient: ExaminedModel, combination: Combination) -> Iterator[Finding]:
    gone = [name for name in patient.modalities.names if name not in combination]
    without = " and ".join(f"'{name}'" for name in gone)
    fills = patient.ready().caller.fills
    ways = sorted({way for name in gone for way in fills[name].apart.values()})
    try:
        logits = patient.run(combination).logits
    except MmlabError as error:
        yield Finding("absent", "error", f"Without {without} the answer cannot be read: {error.message}", error.hint)
        return
    except Exception as error:
        hint = {"none": "forward does not expect None there", "drop": "forward needs that argument"}
        told = (
            f"{hint[ways[0]]}: mend it, or choose another absent=."
            if ways
            else "Mend forward, or choose another absent=."
        )
        yield Finding(
            "absent", "error", f"Without {without} forward crashes: {in_one_line(error)}", told, own_line(error)
        )
        return
    if not bool(torch.isfinite(logits).all()):
        yield Finding(
            "absent",
            "error",
            f"Without {without} the answer is not finite.",
            "Look for divisions by what is present: a mean over nothing, a norm of zeros, a mask that hides all.",
        )


def _unused(patient: ExaminedModel, full: Tensor) -> Iterator[Finding]:
    """An input whose content changes nothing."""
    assert patient.module is not None
    if patient.count < 2:
        return
    for name in patient.modalities.names:
        value = patient.inputs[name]
        other = value.roll(1, 0)
        if bool((other == value).all()):
            continue
        changed = patient.run(other={name: other}).logits
        if torch.equal(changed, full):
            yield Finding(
                "absent",
                "error",
                f"'{name}' is never used: another one in its place changes no answer.",
                "Look whether forward reads it, and whether its branch reaches the answer.",
                why="Every measure would say that it does not count, which is a fault and not a finding.",
            )


def _masked(patient: ExaminedModel) -> Iterator[Finding]:
    """The mask alone: real content stays where it says that nothing is there, and then other content takes its place.

    Filling with zeros as well, as mmlab does, would hide what the mask lets through.
    """
    assert patient.module is not None
    runner = patient.ready()
    bound = 1e-4 if dtype_of(patient.module) in (torch.float32, torch.float64) else 5e-2
    told: set[str] = set()
    for combination in patient.combinations():
        mask = patient.modalities.mask(combination, patient.count)
        for name in (name for name in patient.modalities.names if name not in combination and name not in told):
            try:
                first, second, broken = (_with(patient, runner, mask, name, kind) for kind in ("own", "other", "nan"))
            except Exception as error:
                told.add(name)
                yield Finding(
                    "absent",
                    "error",
                    f"With '{name}' masked forward crashes: {in_one_line(error)}",
                    "Mend forward.",
                    own_line(error),
                )
                continue
            if not same_numbers(first, second, bound):
                told.add(name)
                by = float((first - second).abs().max())
                yield Finding(
                    "absent",
                    "error",
                    f"'{name}' is absent from '{combination.key}', "
                    f"and its content still changes the answer (by {by:.2g}).",
                    "The mask is not used everywhere: look for skips and means over all inputs.",
                    why="What is called absent would still be seen.",
                )
            elif not bool(torch.isfinite(broken).all()):
                told.add(name)
                yield Finding(
                    "absent",
                    "warning",
                    f"'{name}' is absent from '{combination.key}', and a NaN in it still makes the answer NaN.",
                    "Choose with torch.where instead of multiplying by the mask: NaN × 0 is NaN.",
                )


def _with(patient: ExaminedModel, runner: object, mask: Tensor, name: str, kind: str) -> Tensor:
    from mmlab.foreign.running import Runner

    assert isinstance(runner, Runner)
    value = patient.inputs[name]
    other = {"own": value, "other": value.roll(1, 0) if len(value) > 1 else value * 2 + 1}.get(kind)
    if other is None:
        whole = all(part.whole for part in runner.caller.packings[patient.modalities.names.index(name)].parts)
        other = value if whole else torch.full_like(value, torch.nan)
    with torch.no_grad():
        return runner.logits({**patient.inputs, name: other}, mask, frozenset())
