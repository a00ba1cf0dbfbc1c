"""A run of Weights & Biases: history by epoch, config, and the two pictures as images.

Offline, into `wandb/` in the folder of all logs, which `wandb sync` sends later; online with WANDB_MODE=online. The
project is WANDB_PROJECT, or `mmlab`; the group is the task and the method.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmlab.core.errors import MissingExtra, first_line
from mmlab.experiments.training_logs.followed_run import FollowedRun, Row, TrackerError, numbers
from mmlab.experiments.training_logs.tracked_run import TrackedRun
from mmlab.storage import progress_file

PATIENCE = 20  # seconds for the server, where one is wanted
HINT = "Log in with 'wandb login', or leave WANDB_MODE out: then files are written, and 'wandb sync' sends them."


class WandbLog:
    """Follows one run, and goes on under the same number when the training does."""

    def __init__(self, run: FollowedRun) -> None:
        """Raises MissingExtra."""
        try:
            import wandb
        except ImportError as error:
            raise MissingExtra(
                "Runs of Weights & Biases need the package wandb.", "Install it: pip install 'mmlab[wandb]'"
            ) from error
        self.wandb: Any = wandb
        self.run = run
        self.mode = os.environ.get("WANDB_MODE", "") or "offline"
        self.project = os.environ.get("WANDB_PROJECT", "") or "mmlab"
        self.kept = TrackedRun.kept(run.target / "wandb-run.json", f"{self.mode}/{self.project}", run.settings)
        self.opened: Any = None
        self.is_whole = False

    def follow(self, folder: Path) -> None:
        """Add the epochs that are new."""
        rows = progress_file.whole_lines(folder)
        if not rows:
            return
        with _answers():
            if self.opened is None:
                self._open(rows)
            for place in range(len(self.kept.means) + 1, len(rows) + 1):
                row, shown = rows[place - 1], self.run.pictures(rows[:place])
                images = {name: self.wandb.Image(picture) for name, picture in shown.items()}
                self.opened.log({"epoch": row["epoch"], **dict(numbers(row)), **images})
                self.kept.wrote(rows[:place])
        self.is_whole = rows[-1]["epoch"] + 1 >= rows[-1]["epochs"]

    def close(self) -> None:
        """Write the rest; a run that was interrupted is marked as failed until it goes on."""
        if self.opened is not None:
            with _answers():
                self.opened.finish(exit_code=0 if self.is_whole else 1)

    def _open(self, rows: Sequence[Row]) -> None:
        """The run that these epochs belong to, or a new one with the settings."""
        if not self.kept.is_of(rows):
            self.kept.begin(secrets.token_hex(4))
        self.opened = self.wandb.init(
            project=self.project,
            id=self.kept.number,
            name=self.run.title,
            group=f"{self.run.task}/{self.run.method}",
            config=dict(self.run.settings),
            dir=str(self.run.root),
            mode=self.mode,
            resume="allow",
            settings=self.wandb.Settings(
                init_timeout=PATIENCE, silent=True, console="off", save_code=False, disable_git=True
            ),
        )
        # its own steps count calls; epochs stay right when a training goes on
        self.opened.define_metric("epoch", hidden=True)
        self.opened.define_metric("*", step_metric="epoch")


@contextmanager
def _answers() -> Iterator[None]:
    """Turn what W&B raises about its server, or about who may write to it, into TrackerError."""
    from wandb.errors import Error

    try:
        yield
    except Error as error:
        raise TrackerError(f"Weights & Biases did not take it: {first_line(error)[:200]}", HINT) from error
