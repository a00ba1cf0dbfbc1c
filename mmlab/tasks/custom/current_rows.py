"""The rows of a folder's current manifest, in the splits that it states or in those of a fold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mmlab.core.errors import DataError
from mmlab.core.file_stamp import ABSENT, Stamp, stamp_of
from mmlab.core.task import Split
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.fold_rows import reassigned
from mmlab.tasks.custom.manifest import Row, read_manifest
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.task_json import Description

GONE = "Put it back, or leave the folder out of MMLAB_FOLDERS."


def rows_of(description: Description, split: Split | None = None) -> Sequence[Row]:
    """The rows of a split, or all. Raises DataError where the manifest has errors."""
    return [row for row in _manifest(description, manifest_state(description)) if split in (None, row.split)]


def manifest_state(description: Description) -> Stamp:
    """The stamp of the manifest. Raises DataError."""
    found = stamp_of(description.folder / locations.MANIFEST)
    if found == ABSENT:
        raise DataError(f"There is no {locations.MANIFEST} in '{description.folder}' any more.", GONE)
    return found


@lru_cache(maxsize=64)
def _manifest(description: Description, state: Stamp) -> tuple[Row, ...]:
    """The rows of this version of the manifest. Raises DataError."""
    problems = Problems()
    rows = read_manifest(description, problems)
    problems.raise_first(description.folder)
    return tuple(reassigned(description, rows, description.fold) if description.fold else rows)
