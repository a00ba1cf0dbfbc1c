"""The rooms of the task `rooms` and the images taken in each. A room is in one split only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmlab.core.task import Split
from mmlab.tasks.generators.rooms.cameras import Recorded, View, record
from mmlab.tasks.generators.rooms.layouts import KINDS, furnished

SEED = 67
ROOMS: dict[Split, int] = {"train": 900, "valid": 100, "test": 120}
CODES: dict[Split, int] = {"train": 0, "valid": 1, "test": 2}
CAPTURES = 2  # pairs of pictures taken in a room


@dataclass(frozen=True)
class Capture:
    """One pair of pictures: its id, the room and the kind of room, and what was recorded."""

    id: str
    room: str
    kind: str
    pictures: Recorded


def recordings(split: Split) -> Iterator[Capture]:
    """The captures of a split, always the same: all kinds of room in turn, each room once before any comes again."""
    rooms, kinds = ROOMS[split], tuple(KINDS)
    for number in range(rooms * CAPTURES):
        place = number % rooms
        kind = kinds[place % len(kinds)]
        room = furnished(kind, np.random.default_rng([SEED, CODES[split], 0, place]))
        rng = np.random.default_rng([SEED, CODES[split], 1, number])
        view = View.drawn(room, rng)
        yield Capture(f"{split}-{number:04d}", f"{split}-room-{place:03d}", kind, record(room, view, rng))
