"""Which tracker run a training belongs to, stored beside its logs: the same command continues the same run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlab.experiments.training_logs.followed_run import Row
from mmlab.storage.atomic_files import write_atomically


@dataclass
class TrackedRun:
    """The run's number in the tracker, and what it has of the training: the mean score of each epoch.

    where: the tracker and the project, which a person may change between two commands.
    """

    file: Path
    where: str
    settings: Mapping[str, Any]
    number: str = ""
    means: list[float | None] = field(default_factory=list)

    @classmethod
    def kept(cls, file: Path, where: str, settings: Mapping[str, Any]) -> TrackedRun:
        """What the file says of a training with the same settings; a run that is not there yet otherwise."""
        plain = json.loads(json.dumps(dict(settings), default=str))
        try:
            found = json.loads(file.read_text("utf-8"))
            number, means = found["number"], found["means"]
            same = found["where"] == where and found["settings"] == plain
        except (OSError, ValueError, KeyError, TypeError):
            return cls(file, where, plain)
        if not (same and isinstance(number, str) and isinstance(means, list)):
            return cls(file, where, plain)
        return cls(file, where, plain, number, means)

    def is_of(self, rows: Sequence[Row]) -> bool:
        """Whether these epochs are those of the run, as far as both go; not so after a start from the beginning."""
        both = min(len(rows), len(self.means))
        return bool(self.number) and [row.get("mean") for row in rows[:both]] == self.means[:both]

    def begin(self, number: str) -> None:
        """The tracker has opened a new run under this number."""
        self.number, self.means = number, []
        self._keep()

    def wrote(self, rows: Sequence[Row]) -> None:
        """The tracker has all of these epochs."""
        self.means = [row.get("mean") for row in rows]
        self._keep()

    def _keep(self) -> None:
        kept = {"number": self.number, "where": self.where, "means": self.means, "settings": self.settings}
        write_atomically(self.file, json.dumps(kept).encode())
