"""The logs of the trainings that the repository ships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmlab.core.task import TASKS
from mmlab.storage import progress_file
from mmlab.storage.checkpoints import PROGRESS
from mmlab.storage.library import SEED_FOLDER, Library


def shipped_logs(library: Library, method: str) -> Iterator[tuple[str, Path, list[dict[str, Any]]]]:
    """Task, folder and epochs of each training of a method by a seed that has a log."""
    for task in TASKS:
        for folder in library.glob(f"{task}/{method}/*"):
            if SEED_FOLDER.fullmatch(folder.name) and (folder / PROGRESS).is_file():
                yield task, folder, progress_file.read(folder, TASKS[task].info.modalities.names)
