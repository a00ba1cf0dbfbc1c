"""The content of the library for the app's lists: a run with its card or its problem, and their order."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from mmlab.core.errors import MmlabError
from mmlab.core.method import METHODS
from mmlab.core.reference import Reference
from mmlab.storage.checkpoints import read_card
from mmlab.storage.library import RUNS, Entry


@lru_cache(maxsize=512)
def entry_of(reference: Reference) -> Entry:
    """A run with its card; a damaged one with its problem."""
    try:
        return Entry(reference, read_card(Path(reference.path)))
    except MmlabError as error:
        return Entry(reference, {}, error)


def place(method: str) -> tuple[int, bool, str]:
    """The sort key of a method: baselines first, joint training before the others; then papers by year."""
    if method not in METHODS:
        return (9999, False, method)
    kind = METHODS[method]
    return (kind.year, kind.trained_with_gaps and not kind.year, method)


def is_half(folder: Path) -> bool:
    """Whether a folder holds neither a model, nor a training to resume, nor the report of a run without weights."""
    if folder.parents[2].joinpath(RUNS, *folder.parts[-3:]).is_dir():
        return False  # stopped before its first epoch ended: the Train page has it, and goes on or discards it
    return not any((folder / name).is_file() for name in ("model.safetensors", "resume.safetensors", "report.json"))
