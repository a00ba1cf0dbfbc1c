"""`trace.json`: a timeline of the second epoch, after all reading and compiling, by torch's profiler."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mmlab.experiments.training_logs.followed_run import FollowedRun
from mmlab.storage.atomic_files import hidden

TRACE = "trace.json"


class ProfileLog:
    """The trace, for programs such as https://ui.perfetto.dev; where there is one epoch, of what follows it."""

    def __init__(self, run: FollowedRun) -> None:
        self.file = run.target / TRACE
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
