"""Corruptions of a recording, by kind and severity, to test the robustness of a prediction.

Acts on raw recordings, before they are preprocessed. Deterministic under `seed`. Severity runs from 1
(barely noticed) to 5 (hard for a person); what each step means stands in the `TABLE` of each kind, in its folder. Kinds
with a time axis have one more kind: a blanked stretch, which can also be chosen: `mmlab.modalities.stretches`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmlab.core.corruption_types import SEVERITIES, Corruption
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import MODALITY_KINDS, modality_kind
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw
from mmlab.core.task import Task, takes_files
from mmlab.core.time_axis import Stretch
from mmlab.modalities import stretches

__all__ = ["SEVERITIES", "corruptions_of", "degrade", "describe", "kind_of", "label", "offered", "table_of"]


def table_of(kind: str) -> Mapping[str, Corruption]:
    """Every corruption that recordings of a kind of modality can have, by name. Raises UnknownName."""
    found = modality_kind(kind)
    axis = found.time_axis()
    return (
        found.corruptions() if axis is None else {**found.corruptions(), stretches.BLANKED: stretches.corruption(axis)}
    )


def corruptions_of(kind: str) -> tuple[str, ...]:
    """The names of the corruptions that recordings of a kind of modality can have. Raises UnknownName."""
    return tuple(table_of(kind))


def offered(task: Task, modality: Modality) -> tuple[str, ...]:
    """The corruptions of an input of a task: none if a corrupted recording could not be fed to its models."""
    return corruptions_of(modality.kind) if takes_files(task, modality.name) else ()


def kind_of(raw: Raw) -> str:
    """The kind of modality whose recordings have exactly this type, "" where there is none: a type that holds more
    would lose it."""
    return next((name for name in MODALITY_KINDS if type(raw) is MODALITY_KINDS[name].recording), "")


def label(kind: str, corruption: str) -> str:
    """The title of a corruption: `Background noise`."""
    return say(_found(kind, corruption).label)


def describe(kind: str, corruption: str, severity: int) -> str:
    """What a severity means in numbers: `signal over noise, dB: 5`."""
    found = _found(kind, corruption)
    return f"{say(found.unit)}: {found.steps[_step(severity)]:g}"


def degrade(raw: Raw, corruption: str, severity: int, seed: int = 0, stretch: Stretch | None = None) -> Raw:
    """The recording, corrupted. `severity` 1 to 5; raises UnknownName for a corruption that its kind does not have.

    stretch: what is blanked of it, instead of a share at a random place; for the corruption `blanked` only.
    """
    kind = kind_of(raw)
    found = _found(kind, corruption)
    if stretch is not None and corruption == stretches.BLANKED:
        return stretches.blanked(raw, stretch)
    strength, rng = found.steps[_step(severity)], np.random.default_rng(seed)
    if found.whole:
        corrupted: Raw = found.act(raw, strength, rng)
        return corrupted
    return modality_kind(kind).corrupt(raw, found.act, strength, rng)


def _found(kind: str, corruption: str) -> Corruption:
    table = table_of(kind) if kind else {}
    if corruption not in table:
        raise UnknownName(
            f"There is no corruption '{corruption}' for this input.", f"There are: {', '.join(table) or 'none'}."
        )
    return table[corruption]


def _step(severity: int) -> int:
    if severity not in SEVERITIES:
        raise DataError(f"There is no severity {severity}.", "Use 1 to 5.")
    return severity - 1
