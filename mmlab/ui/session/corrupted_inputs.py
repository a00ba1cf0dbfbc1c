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
from mmlab.ui.session.url_state import InputCorruption


@dataclass(frozen=True)
class Blank:
    """A blanked stretch of one input: in the time of its recording, and as shares of what the model sees of it.

    seen: None where it is nowhere in that, such as a part that a model does not take.
    """

    stretch: Stretch
    seen: Part | None


def corrupted(raw: Mapping[str, Raw], sample: str, corruptions: Sequence[InputCorruption]) -> dict[str, Raw]:
    """The recordings by input, corrupted; corruptions of inputs that are not given are ignored."""
    found = dict(raw)
    for corruption in corruptions:
        if corruption.modality in raw:
            seed = seed_of(sample, corruption)
            found[corruption.modality] = degrade(
                raw[corruption.modality], corruption.kind, corruption.severity, seed, stretch=corruption.stretch
            )
    return found


def blanks(task: Task, raw: Mapping[str, Raw], sample: str, corruptions: Sequence[InputCorruption]) -> dict[str, Blank]:
    """The blanked stretch of each input that has one. raw: the recordings as they were given."""
    found = {}
    for corruption in corruptions:
        if corruption.kind == stretches.BLANKED and corruption.modality in raw:
            given, name = raw[corruption.modality], corruption.modality
            stretch = stretches.in_force(given, corruption.severity, seed_of(sample, corruption), corruption.stretch)
            found[name] = Blank(stretch, stretches.seen_part(given, stretch, partial(_prepared, task, name)))
    return found


def _prepared(task: Task, name: str, raw: Raw) -> Tensor:
    return task.prepare(name, raw).tensor


def seed_of(sample: str, corruption: InputCorruption) -> int:
    """The seed of a corruption: the same for a sample and a kind, at every severity."""
    return zlib.crc32(f"{sample}:{corruption.modality}:{corruption.kind}".encode())
