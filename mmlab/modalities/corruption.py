"""Damage that a person can do to a recording, by kind and severity, to see how an answer holds.

Acts on raw recordings, before they are brought to the model's world. Deterministic under `seed`. Severity runs from 1
(barely noticed) to 5 (hard for a person); what each step means stands in the `TABLE` of each kind, a file each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality import Modality
from mmlab.core.recordings import Picture, Raw, Scan, Series, Sound, Strokes, Text
from mmlab.core.task import Task, takes_files
from mmlab.modalities.audio import corruptions as sounds
from mmlab.modalities.corruption_types import SEVERITIES, Act, Damage
from mmlab.modalities.image import corruptions as pictures
from mmlab.modalities.path import corruptions
from mmlab.modalities.scan import corruptions as scans
from mmlab.modalities.series import corruptions as series
from mmlab.modalities.text import corruptions as texts

__all__ = ["DAMAGES", "SEVERITIES", "degrade", "describe", "kind_of", "label"]


@dataclass(frozen=True)
class Kind:
    """One kind of modality: what its recordings are, what can happen to them, and how it is applied."""

    raw: type[Raw]
    table: Mapping[str, Damage]
    apply: Callable[[Any, Act, float, np.random.Generator], Raw]


_KINDS: dict[str, Kind] = {
    "image": Kind(Picture, pictures.TABLE, pictures.apply),
    "sound": Kind(Sound, sounds.TABLE, sounds.apply),
    "path": Kind(Strokes, corruptions.TABLE, corruptions.apply),
    "scan": Kind(Scan, scans.TABLE, scans.apply),
    "series": Kind(Series, series.TABLE, series.apply),
    "text": Kind(Text, texts.TABLE, texts.apply),
}
DAMAGES: dict[str, tuple[str, ...]] = {name: tuple(kind.table) for name, kind in _KINDS.items()}


def offered(task: Task, modality: Modality) -> tuple[str, ...]:
    """The kinds of damage to an input of a task: none where a damaged recording could not be brought to its models."""
    return DAMAGES.get(modality.kind, ()) if takes_files(task, modality.name) else ()


def kind_of(raw: Raw) -> str:
    """The kind of modality that a recording belongs to, "" where no damage is known for it."""
    return next((name for name, kind in _KINDS.items() if type(raw) is kind.raw), "")


def label(kind: str, damage: str) -> str:
    """Plain words for a damage: `Background noise`."""
    return _found(kind, damage).label


def describe(kind: str, damage: str, severity: int) -> str:
    """What a severity means in numbers: `signal over noise, dB: 5`."""
    found = _found(kind, damage)
    return f"{found.unit}: {found.steps[_step(severity)]:g}"


def degrade(raw: Raw, damage: str, severity: int, seed: int = 0) -> Raw:
    """The recording, damaged. `severity` 1 to 5; raises UnknownName for a damage that its kind does not have."""
    kind = kind_of(raw)
    found = _found(kind, damage)
    return _KINDS[kind].apply(raw, found.act, found.steps[_step(severity)], np.random.default_rng(seed))


def _found(kind: str, damage: str) -> Damage:
    table = _KINDS[kind].table if kind in _KINDS else {}
    if damage not in table:
        raise UnknownName(f"There is no damage '{damage}' for this.", f"There are: {', '.join(table) or 'none'}.")
    return table[damage]


def _step(severity: int) -> int:
    if severity not in SEVERITIES:
        raise DataError(f"There is no severity {severity}.", "Use 1 to 5.")
    return severity - 1
