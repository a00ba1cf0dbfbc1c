"""Cache of rows that were read without problems, so that a second `check` reads only what has changed.

A row is known by its cells, by the stamp of each of its files (size, times of change and of status change, inode), and
by everything that decides how they are read: task.json, the version of mmlab, and the source files of the kinds. Files
that changed less than `SETTLED` before a check began are not remembered: a change in the same tick of the clock would
leave the stamp as it is.
"""

from __future__ import annotations

import hashlib
import inspect
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mmlab.core.file_stamp import ABSENT, Stamp, stamp_of
from mmlab.core.version import __version__
from mmlab.storage import disk_cache
from mmlab.tasks.custom.levels import Levels
from mmlab.tasks.custom.manifest import Row
from mmlab.tasks.custom.row_reading import ReadRow, standardised
from mmlab.tasks.custom.samples import paths_of, state_of
from mmlab.tasks.custom.scales import Moments
from mmlab.tasks.custom.task_json import Description

VERSION = 3  # of what is remembered; raise it when what `check` finds in a file changes
SETTLED = 2 * 10**9  # nanoseconds
DIGEST = 16  # bytes
EMPTY = bytes(DIGEST)  # of a cell that names no file
Training = tuple[dict[str, Moments], dict[str, Levels]]
MOMENTS = ("mean", "squares", "low", "high")


class Remembered:
    """What an earlier check found sound, and what this one does."""

    def __init__(self, description: Description) -> None:
        self.names = description.info.modalities.names
        self._description, self._begun = description, time.time_ns()
        how = [_source(type(item.kind)) for item in description.inputs]
        self._file = f"{description.info.name}-check-" + disk_cache.cache_key(
            VERSION, __version__, str(description.folder.absolute()), description.settings(), how
        )
        found = disk_cache.load(self._file) or {}
        keys = found.pop("keys", np.zeros((0, DIGEST), np.uint8))
        self._place = {key.tobytes(): place for place, key in enumerate(keys)}
        self._found = found
        self._keys: dict[str, tuple[bytes, bool]] = {}  # by id of the row: its key, and whether it may be remembered

    def key(self, row: Row) -> bytes:
        """What tells this version of a row from another; taken once, before its files are read."""
        if row.id not in self._keys:
            state = state_of(self._description, paths_of(self._description, row, self.names))
            target = str(row.target) if self._description.has_label_maps else ""
            made = hashlib.blake2b(repr((sorted(row.cells.items()), target, state)).encode(), digest_size=DIGEST)
            self._keys[row.id] = made.digest(), all(self._settled(stamp) for _, stamp in state)
        return self._keys[row.id][0]

    def read(self, row: Row) -> ReadRow | None:
        """What was found of a row that had nothing wrong; None for one that has to be read."""
        place = self._place.get(self.key(row))
        if place is None:
            return None
        found = {name: self._found[f"of_{name}"][place].tobytes() for name in self.names}
        contents = {name: content for name, content in found.items() if content != EMPTY}
        unlabelled, pixels = self._found["unlabelled"][place].tolist()
        regions = tuple(self._found["regions"][place].tolist())
        return ReadRow(row, contents=contents, unlabelled=(unlabelled, pixels), regions=regions)

    def training(self, rows: Iterable[Row]) -> Training | None:
        """What exactly these training samples hold, where that was found before."""
        if self._found.get("training", np.array("")).item() != self._training(rows):
            return None
        moments = {name: self._moments(name, count) for name, count in standardised(self._description).items()}
        stored = {name: self._found.get(f"levels_{name}") for name in self.names}
        levels = {name: _levels(values) for name, values in stored.items() if values is not None}
        return moments, levels

    def save(self, read: Iterable[ReadRow], found: Training | None, rows: Sequence[Row]) -> None:
        """Remember what had nothing wrong and lay still. found: None where not all training samples were read."""
        whole = (each for each in read if not each.problems.found and not each.filled)
        sound = [each for each in whole if self.key(each.row) and self._keys[each.row.id][1]]
        arrays = {f"of_{name}": _bytes([each.contents.get(name, EMPTY) for each in sound]) for name in self.names}
        arrays["unlabelled"] = np.array([each.unlabelled for each in sound], np.int64).reshape(-1, 2)
        counts = [each.regions for each in sound]
        arrays["regions"] = np.array(counts, np.int64).reshape(len(sound), len(self._description.regions))
        training = [row for row in rows if row.split == "train"]
        if found is not None and all(self.key(row) and self._keys[row.id][1] for row in training):
            for name, levels in found[1].items():
                arrays[f"levels_{name}"] = np.array([levels.low, levels.high, *levels.grey])
            for name, each in found[0].items():
                arrays[f"moments_{name}"] = np.stack([getattr(each, field) for field in MOMENTS])
                arrays[f"count_{name}"] = np.array(each.count)
            arrays["training"] = np.array(self._training(rows))
        disk_cache.save(self._file, {"keys": _bytes([self.key(each.row) for each in sound]), **arrays})

    def _training(self, rows: Iterable[Row]) -> str:
        return disk_cache.cache_key([(row.id, self.key(row)) for row in rows if row.split == "train"])

    def _moments(self, name: str, count: int) -> Moments:
        found = Moments(count, int(self._found[f"count_{name}"]))
        for field, values in zip(MOMENTS, self._found[f"moments_{name}"], strict=True):
            setattr(found, field, values)
        return found

    def _settled(self, stamp: Stamp) -> bool:
        _, changed, status, _ = stamp
        return stamp != ABSENT and max(changed, status) < self._begun - SETTLED


def _levels(values: np.ndarray) -> Levels:
    low, high, black, white = values.tolist()
    return Levels(low, high, (black, white))


def _bytes(digests: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), DIGEST)


def _source(kind: type) -> Stamp:
    """The stamp of the file that a kind's reader stands in."""
    try:
        return stamp_of(Path(inspect.getfile(kind)))
    except (OSError, TypeError):  # made in a console
        return ABSENT
