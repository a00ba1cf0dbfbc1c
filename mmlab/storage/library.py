"""The library of checkpoints, read from headers only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmlab.core.errors import CheckpointError, MmlabError, UnknownName
from mmlab.core.file_stamp import Stamp, stamp_of
from mmlab.core.reference import Reference
from mmlab.storage import shipped_files
from mmlab.storage.measured import measured_folders
from mmlab.storage.own_library import own_library

SHIPPED = shipped_files.CHECKPOINTS
RUNS, ALIVE = ".runs", "alive"  # what is known of trainings, and the lock of whoever trains
SEED_FOLDER = re.compile(r"seed(\d+)")
LONGEST = 120  # bytes of a name: with what is added to it, it still names a folder
NAMED = 2**62


@dataclass(frozen=True)
class Entry:
    """A checkpoint with its card, or with what is wrong with it."""

    reference: Reference
    card: Mapping[str, Any]
    problem: MmlabError | None = None


class Library:
    """The checkpoints under `root/<task>/<method>/<tag>/`; `MMLAB_CHECKPOINTS` names another root.

    Without it, `checkpoints/` of the checkout, or where mmlab is installed, a person's own folder (`own_library`).

    roots: that one, where new ones go, and those that hold what was measured of registered models (`MMLAB_MODELS`).
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or _usual_root()
        self.roots = (self.root, *measured_folders())

    def folder(self, task: str, method: str, tag: str) -> Path:
        """Where a checkpoint belongs. Raises CheckpointError for a name that would leave the library."""
        for part in (task, method, tag):
            if not part or part.startswith(".") or not all(c.isalnum() or c in "._-" for c in part):
                raise CheckpointError(
                    f"'{part[:LONGEST]}' cannot name a checkpoint.", "Use letters, digits, . _ and -."
                )
            if len(part.encode()) > LONGEST:
                message = f"'{part[:20]}…' is too long to name a checkpoint: {len(part)} letters."
                raise CheckpointError(message, f"Use up to {LONGEST}.")
        return self.root / task / method / tag

    def glob(self, pattern: str) -> list[Path]:
        """What lies under `pattern` in all roots, such as `digits/*/*/report.json`, but for what is being written."""
        found = ((root, file) for root in self.roots for file in root.glob(pattern))
        return sorted(file for root, file in found if not any(p[0] == "." for p in file.relative_to(root).parts))

    def run_home(self, task: str, method: str, tag: str) -> Path:
        """Where the record of a training is. Raises CheckpointError for a name that would leave the library."""
        return self.root / RUNS / self.folder(task, method, tag).relative_to(self.root)

    def references(self, task: str = "*", method: str = "*") -> tuple[Reference, ...]:
        """The checkpoints of a task and method: ordinary runs by seed, then those with a name of their own."""
        found = []
        for file in self.glob(f"{task}/{method}/*/model.safetensors"):
            of_task, of_method, tag = file.parts[-4:-1]
            found.append(Reference(str(file.parent), of_task, of_method, tag, _files(file.parent)))
        return tuple(sorted(found, key=_place))

    def entries(self, task: str = "*", method: str = "*") -> tuple[Entry, ...]:
        """Those checkpoints with their cards; a damaged one carries its problem and hides no other."""
        from mmlab.storage.checkpoints import read_card

        found = []
        for reference in self.references(task, method):
            try:
                found.append(Entry(reference, read_card(Path(reference.path))))
            except MmlabError as error:
                found.append(Entry(reference, {}, error))
        return tuple(found)

    def find(self, task: str, method: str, tag: str = "") -> Reference:
        """One checkpoint; the first run where no tag is given. Raises UnknownName or CheckpointError."""
        from mmlab.core.method import METHODS
        from mmlab.core.task import TASKS

        _ = TASKS[task], METHODS[method]
        there = self.references(task, method)
        wanted = [reference for reference in there if not tag or reference.tag == tag]
        if not wanted and tag and there:
            tags = ", ".join(reference.tag for reference in there)
            raise UnknownName(f"There is no run '{tag}' of {method} on {task}.", f"There are: {tags}.")
        if not wanted and not METHODS[method].trained_here:
            raise CheckpointError(f"{method} was registered and not measured yet.", METHODS[method].missing_hint)
        if not wanted:
            raise CheckpointError(
                f"There is no trained {method} for {task} in the library.",
                f"Train it: python -m mmlab train --task {task} --method {method}",
            )
        return wanted[0]


def _usual_root() -> Path:
    if named := os.environ.get("MMLAB_CHECKPOINTS"):
        return Path(named)
    return own_library(SHIPPED) if shipped_files.IS_INSTALLED else SHIPPED


def _files(folder: Path) -> tuple[tuple[str, Stamp], ...]:
    """The files of a run with their stamps, but for those that are being written (their names begin with a dot)."""
    return tuple((file.name, stamp_of(file)) for file in sorted(folder.iterdir()) if not file.name.startswith("."))


def _place(reference: Reference) -> tuple[str, str, int, str]:
    """Ablations and other named runs come after `seed0`, so that the first run of a method is the method itself."""
    ordinary = SEED_FOLDER.fullmatch(reference.tag)
    return reference.task, reference.method, int(ordinary[1]) if ordinary else NAMED, reference.tag
