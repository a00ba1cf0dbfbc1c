"""The number of unlabelled pixels of an official data set, which its protocols ignore."""

from __future__ import annotations

from pathlib import Path

from mmlab.core.errors import MmlabError
from mmlab.core.long_work import with_progress
from mmlab.tasks.custom.current_rows import rows_of
from mmlab.tasks.custom.label_maps import label_map, unlabelled
from mmlab.tasks.custom.manifest import SPLITS
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.task_json import read_description


def unlabelled_pixels(folder: Path) -> dict[str, tuple[int, int]]:
    """Of a folder that is a task: unlabelled pixels and all, by split; empty where none are ignored. Raises DataError.

    A label map that cannot be read is left out: `check` says what is wrong with it.
    """
    problems = Problems()
    description = read_description(folder, problems)
    problems.raise_first(folder)
    if description is None or not description.ignored:
        return {}
    found: dict[str, tuple[int, int]] = dict.fromkeys(SPLITS, (0, 0))
    for row in with_progress("Counting the pixels that nobody labelled", rows_of(description)):
        try:
            count, pixels = unlabelled(description, label_map(description, row))
        except MmlabError:
            continue
        before = found[row.split]
        found[row.split] = before[0] + count, before[1] + pixels
    return found
