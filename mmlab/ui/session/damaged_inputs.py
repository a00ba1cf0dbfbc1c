"""A sample's recordings with the corruptions from the address, and the position of a blanked stretch."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from mmlab.core.recordings import Raw
from mmlab.core.task import Task
from mmlab.core.time_axis import Part, Stretch
from mmlab.modalities import stretches
from mmlab.modalities.corruption import degrade
from mmlab.ui.session.url_state import Damage


@dataclass(frozen=True)
class Blank:
    """A blanked stretch of one input: in the time of its recording, and as shares of what the model sees of it.

    seen: None where it is nowhere in that, such as a part that a model does not take.
    """

    stretch: Stretch
    seen: Part | None


def damaged(raw: Mapping[str, Raw], sample: str, damages: Sequence[Damage]) -> dict[str, Raw]:
    """The recordings by input, damaged; what is not given cannot be."""
    found = dict(raw)
    for damage in damages:
        if damage.modality in raw:
            seed = seed_of(sample, damage)
            found[damage.modality] = degrade(
                raw[damage.modality], damage.kind, damage.severity, seed, stretch=damage.stretch
            )
    return found


def blanks(task: Task, raw: Mapping[str, Raw], sample: str, damages: Sequence[Damage]) -> dict[str, Blank]:
    """The blanked stretch of each input that has one. raw: the recordings as they were given."""
    found = {}
    for damage in damages:
        if damage.kind == stretches.BLANKED and damage.modality in raw:
            given, name = raw[damage.modality], damage.modality
            stretch = stretches.in_force(given, damage.severity, seed_of(sample, damage), damage.stretch)
            found[name] = Blank(stretch, stretches.seen_part(given, stretch, partial(_prepared, task, name)))
    return found


def _prepared(task: Task, name: str, raw: Raw) -> Tensor:
    return task.prepare(name, raw).tensor


def seed_of(sample: str, damage: Damage) -> int:
    """The seed of a damage: the same sample and kind are always damaged alike, at every severity."""
    return zlib.crc32(f"{sample}:{damage.modality}:{damage.kind}".encode())
