"""Rows of a manifest, read as in training, in parts that other processes can take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from mmlab.core.errors import DataError
from mmlab.core.file_stamp import Stamp, stamp_of
from mmlab.tasks.custom.label_maps import LabelMap, region_pixels, unlabelled
from mmlab.tasks.custom.levels import Levels, levels_of, merge
from mmlab.tasks.custom.locations import TASK_FILE
from mmlab.tasks.custom.manifest import Row
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.samples import prepared
from mmlab.tasks.custom.scales import Moments, measured
from mmlab.tasks.custom.task_json import Description, read_description

J = TypeVar("J")


class Spread(Protocol):
    """Does a piece of work for each job, in whatever order; what failed yields its error."""

    def __call__(self, work: Any, jobs: Iterable[J]) -> Iterator[tuple[J, Any]]:
        """Pairs of a job and its result."""


@dataclass(frozen=True)
class Job:
    """Some rows of a folder, from `start` on in the list of all that are read."""

    folder: str
    start: int
    rows: tuple[Row, ...]

    def __hash__(self) -> int:
        return hash((self.folder, self.start))


@dataclass
class ReadRow:
    """What reading one row found. contents: a digest of what each cell holds, by modality; filled: how many numbers
    of it were not finite, for which others stand; unlabelled: how many pixels of its label map nobody labelled, and how
    many it has, where such pixels are ignored; regions: how many pixels of it each region has."""

    row: Row
    problems: Problems = field(default_factory=Problems)
    contents: dict[str, bytes] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    unlabelled: tuple[int, int] = (0, 0)
    regions: tuple[int, ...] = ()


@dataclass
class ReadPart:
    """The rows of a job, and what the training samples among them hold in each standardised modality, or in grey."""

    rows: list[ReadRow]
    moments: dict[str, Moments]
    levels: dict[str, Levels]


def standardised(description: Description) -> Mapping[str, int]:
    """How many vectors each standardised modality has."""
    return {item.modality.name: item.kind.scaled_rows for item in description.inputs if item.kind.standardised}


def read_job(job: Job) -> ReadPart:
    """Read the rows of a job: a module's function with plain arguments, so that a process of its own can do it."""
    folder = Path(job.folder)
    return read_rows(_description(folder, stamp_of(folder / TASK_FILE)), job.rows)


def read_rows(description: Description, rows: Sequence[Row]) -> ReadPart:
    """Decode and prepare every file of these rows; what is wrong goes to the problems of the row."""
    moments = {name: Moments(count) for name, count in standardised(description).items()}
    levels: dict[str, Levels] = {}
    found = []
    for row in rows:
        read = ReadRow(row)

        def look(row: Row, name: str, content: bytes, read: ReadRow = read) -> None:
            read.contents[name] = _digest(content)
            grey = description[name].kind.grey_range(content) if row.split == "train" else None
            if grey is not None:
                merge(levels, {name: levels_of(grey)})

        def count(labels: LabelMap, read: ReadRow = read) -> None:
            read.regions = region_pixels(description, labels)
            if description.ignored:
                read.unlabelled = unlabelled(description, labels)

        readings, _ = prepared(description, row, read.problems, look, count)
        read.filled = {name: made.filled for name, made in readings.items() if made.filled}
        for name in moments if row.split == "train" else ():
            if name in readings:
                moments[name].add(measured(description[name].kind, readings[name].tensor))
        found.append(read)
    return ReadPart(found, moments, levels)


def jobs_of(description: Description, rows: Sequence[Row], size: int) -> list[Job]:
    """All rows in parts of so many."""
    folder = str(description.folder.absolute())
    return [Job(folder, start, tuple(rows[start : start + size])) for start in range(0, len(rows), size)]


@lru_cache(maxsize=8)
def _digest(content: bytes) -> bytes:
    """Of what a file holds: all slices of a volume are in one."""
    return hashlib.blake2b(content, digest_size=16).digest()


@lru_cache(maxsize=4)
def _description(folder: Path, stamp: Stamp) -> Description:
    """The description of this version of task.json. Raises DataError where it changed into one that cannot be used."""
    problems = Problems()
    found = read_description(folder, problems)
    problems.raise_first(folder)
    if found is None:
        raise DataError(f"{TASK_FILE} changed while the folder was read.", "Check it again.")
    return found
