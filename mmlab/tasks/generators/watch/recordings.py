"""Shoulder exercises recorded by a smartwatch: real recordings of ten people, shipped as one FLAC file.

From seglearn's `watch_dataset` (BSD; Burns et al. 2018, arXiv:1802.01489), made by tools/make_watch.py. Each person did
seven exercises with each arm. They came in pairs that moved in time with each other, so pairs are never split apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Series
from mmlab.core.task import Split
from mmlab.modalities.series.decode import AXES
from mmlab.tasks.generators.sample_packs import SAMPLES

FOLDER = SAMPLES / "watch"
FILE, INDEX = FOLDER / "recordings.flac", FOLDER / "recordings.json"
AGAIN = "Run: python tools/make_watch.py"
RATE, STEPS = 50, 50
FILE_RATE = 8_000  # FLAC knows no rate as low as ours; the file plays 160 times too fast
COUNTS = {"accelerometer": 1000, "gyroscope": 500}  # steps of the file per g and per rad/s
UNITS = {"accelerometer": "g", "gyroscope": "rad/s"}
EXERCISES = {
    "PEN": "Pendulum",
    "ABD": "Abduction",
    "FEL": "Forward elevation",
    "IR": "Internal rotation",
    "ER": "External rotation",
    "TRAP": "Trapezius",
    "ROW": "Row",
}
PAIRS = ((1, 2), (3, 4), (5, 6), (7, 10), (8, 9))
OVERLAP = 2  # training windows start every `STEPS / OVERLAP` rows; the others stand side by side


@dataclass(frozen=True)
class Recording:
    """One exercise of one person with one arm: `values` float32 `[T, 3]` by sensor, 50 rows a second."""

    person: int
    arm: str
    exercise: str
    values: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Item:
    """One second of a recording."""

    recording: Recording
    start: int

    @property
    def id(self) -> str:
        """`p03-left-abd-0150`: person, arm, exercise, first row."""
        found = self.recording
        return f"p{found.person:02d}-{found.arm}-{found.exercise.lower()}-{self.start:04d}"

    @property
    def raw(self) -> dict[str, Series]:
        """The second of each sensor."""
        rows = slice(self.start, self.start + STEPS)
        return {
            name: Series(values[rows], float(RATE), AXES, UNITS[name]) for name, values in self.recording.values.items()
        }


def people(split: Split, fold: int) -> tuple[int, ...]:
    """Whose recordings a split holds: a pair for test, the next one for valid, three pairs for train."""
    test, valid = fold % len(PAIRS), (fold + 1) % len(PAIRS)
    if split == "train":
        return tuple(person for place, pair in enumerate(PAIRS) if place not in (test, valid) for person in pair)
    return PAIRS[test if split == "test" else valid]


def items(split: Split, fold: int) -> Iterator[Item]:
    """The seconds of a split, recording by recording. Only those for training overlap."""
    step = STEPS // OVERLAP if split == "train" else STEPS
    for recording in recordings():
        if recording.person in people(split, fold):
            length = len(recording.values["accelerometer"])
            yield from (Item(recording, start) for start in range(0, length - STEPS + 1, step))


@lru_cache(maxsize=1)
def recordings() -> tuple[Recording, ...]:
    """All recordings, by person, arm and exercise. Raises DataError."""
    try:
        entries: list[dict[str, Any]] = json.loads(INDEX.read_text("utf-8"))["recordings"]
        counts, _ = soundfile.read(FILE, dtype="int16", always_2d=True)
        ends = np.cumsum([entry["rows"] for entry in entries])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError("The recordings of the watch are missing or damaged.", AGAIN) from error
    if counts.shape != (ends[-1], len(AXES) * len(COUNTS)):
        raise DataError("The recordings of the watch do not fit their index.", AGAIN)
    return tuple(
        Recording(entry["person"], entry["arm"], entry["exercise"], _values(counts[end - entry["rows"] : end]))
        for entry, end in zip(entries, ends, strict=True)
    )


def _values(counts: NDArray[np.int16]) -> dict[str, NDArray[np.float32]]:
    """Integers as g and rad/s. Divided, so that a number is the nearest to its decimal, as a CSV file gives it."""
    parts = zip(COUNTS.items(), np.split(counts, len(COUNTS), axis=1), strict=True)
    return {name: (part / per_unit).astype(np.float32) for (name, per_unit), part in parts}
