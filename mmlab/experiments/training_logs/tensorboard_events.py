"""Event files: a curve per number, by `losses/task`, `metrics/image-sound/accuracy`, `gradient_norm/image`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmlab.core.errors import MissingExtra
from mmlab.experiments.training_logs.followed_run import FollowedRun, numbers
from mmlab.storage import progress_file


class TensorBoardLog:
    """Curves under Scalars, the two pictures under Images, the settings under Text."""

    def __init__(self, run: FollowedRun) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            install = "Install it: pip install 'mmlab[tensorboard]'"
            raise MissingExtra("Event files need the package tensorboard.", install) from error
        self.run = run
        # what an earlier part of the same run wrote is written again, and hides that
        self.writer: Any = SummaryWriter(str(run.target), purge_step=0)
        shown = json.dumps(dict(run.settings), indent=1, default=str).replace("\n", "\n    ")
        self.writer.add_text("settings", f"    {shown}", 0)  # indented: code in Markdown
        self.written = 0

    def follow(self, folder: Path) -> None:
        """Add the epochs that are new."""
        rows = progress_file.whole_lines(folder)
        for place, row in enumerate(rows[self.written :], self.written + 1):
            for name, value in numbers(row):
                self.writer.add_scalar(name, value, row["epoch"])
            for name, picture in self.run.pictures(rows[:place]).items():
                self.writer.add_image(name, picture, row["epoch"], dataformats="HWC")
        self.written = max(self.written, len(rows))
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()
