"""A training as other programs show it: event files for TensorBoard, one table as CSV, and a trace of an epoch.

The first two are written from the run's own log after each epoch, so that a run that was cut off is whole again once it
goes on.

>>> log = open_log("tensorboard", Path("logs/digits/dmrnet/seed0"))
>>> log.follow(folder)  # after each epoch
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mmlab.core.csv_file import as_csv
from mmlab.core.errors import MissingExtra, UnknownName
from mmlab.storage import progress_file
from mmlab.storage.atomic_files import hidden, write_atomically

CSV = "training.csv"
SHOWN = ("mean", "seconds", "losses", "metrics", "variance", "gradient_norm", "logs")
TRACE = "trace.json"
KINDS = ("csv", "tensorboard", "profile")


class TrainingLog(Protocol):
    """Follows one run."""

    def follow(self, folder: Path) -> None:
        """Write what the log of the run in `folder` has that was not written yet."""

    def close(self) -> None:
        """Write the rest."""


def open_log(kind: str, target: Path) -> TrainingLog:
    """The log of a kind into the folder `target`. Raises UnknownName, or MissingExtra without TensorBoard."""
    if kind not in KINDS:
        raise UnknownName(f"There is no log '{kind}'.", f"There are: {', '.join(KINDS)}.")
    if kind == "profile":
        return ProfileLog(target)
    return CsvLog(target) if kind == "csv" else TensorBoardLog(target)


class CsvLog:
    """`training.csv`: a row per epoch, a column per number; empty where an epoch has none."""

    def __init__(self, target: Path) -> None:
        self.file = target / CSV

    def follow(self, folder: Path) -> None:
        """Write the table anew, in one step."""
        rows = progress_file.whole_lines(folder)
        flat = [dict(numbers(row)) for row in rows]
        names = list(dict.fromkeys(name for row in flat for name in row))
        lines = ([row["epoch"], *(each.get(name, "") for name in names)] for row, each in zip(rows, flat, strict=True))
        write_atomically(self.file, as_csv(["epoch", *names], lines).encode())

    def close(self) -> None:
        """Nothing is left."""


class TensorBoardLog:
    """Event files: a curve per number, by `losses/task`, `metrics/image-sound/accuracy`, `gradient_norm/image`."""

    def __init__(self, target: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            install = "Install it: pip install 'mmlab[tensorboard]'"
            raise MissingExtra("Event files need the package tensorboard.", install) from error
        # what an earlier part of the same run wrote is written again, and hides that
        self.writer: Any = SummaryWriter(str(target), purge_step=0)
        self.written = 0

    def follow(self, folder: Path) -> None:
        """Add the epochs that are new."""
        rows = progress_file.whole_lines(folder)
        for row in rows[self.written :]:
            for name, value in numbers(row):
                self.writer.add_scalar(name, value, row["epoch"])
        self.written = max(self.written, len(rows))
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()


class ProfileLog:
    """`trace.json`: what the second epoch, which reads and compiles nothing any more, does when, by torch's profiler.

    Where there is one epoch, it is what follows it. Programs such as https://ui.perfetto.dev show it.
    """

    def __init__(self, target: Path) -> None:
        self.file = target / TRACE
        self.profile: Any = None
        self.written = False

    def follow(self, folder: Path) -> None:
        """Begin after the first epoch, end after the second one."""
        if self.profile is not None:
            self.close()
        elif not self.written:
            from torch.profiler import profile

            self.profile = profile()
            self.profile.start()

    def close(self) -> None:
        """Write what was begun."""
        if self.profile is None:
            return
        self.profile.stop()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        coming = hidden(self.file)
        self.profile.export_chrome_trace(str(coming))
        os.replace(coming, self.file)
        self.profile, self.written = None, True


def numbers(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The finite numbers of an epoch with their places, `metrics/image-sound/accuracy`; lists are no curves."""
    for name in SHOWN:
        yield from _numbers((name,), row.get(name))


def _numbers(place: Sequence[str], value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _numbers((*place, str(name)), each)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield "/".join(place), float(value)
