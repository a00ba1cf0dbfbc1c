"""`training.csv`: a row per epoch, a column per number; empty where an epoch has none."""

from __future__ import annotations

from pathlib import Path

from mmlab.core.csv_file import as_csv
from mmlab.experiments.training_logs.followed_run import FollowedRun, numbers
from mmlab.storage import progress_file
from mmlab.storage.atomic_files import write_atomically

CSV = "training.csv"


class CsvLog:
    """The table, for whatever reads tables."""

    def __init__(self, run: FollowedRun) -> None:
        self.file = run.target / CSV

    def follow(self, folder: Path) -> None:
        """Write the table again, in one step."""
        rows = progress_file.whole_lines(folder)
        flat = [dict(numbers(row)) for row in rows]
        names = list(dict.fromkeys(name for row in flat for name in row))
        lines = ([row["epoch"], *(each.get(name, "") for name in names)] for row, each in zip(rows, flat, strict=True))
        write_atomically(self.file, as_csv(["epoch", *names], lines).encode())

    def close(self) -> None:
        """Nothing is left."""
