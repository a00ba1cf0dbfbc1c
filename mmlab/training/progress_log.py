"""The log of a training: a line of JSON for each epoch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.checkpoints import COMPACT, PROGRESS

DIGITS = 6  # of a number


def truncate(folder: Path | None, epoch: int, gaps: bool = False) -> None:
    """Keep the lines before an epoch. gaps: whether a stage may have ended early, so that epochs are missing."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / PROGRESS
    if file.exists() or epoch == 0:
        kept = file.read_text("utf-8").splitlines(keepends=True) if file.exists() else []
        kept = [line for line in kept if json.loads(line)["epoch"] < epoch] if gaps else kept[:epoch]
        write_atomically(file, "".join(kept).encode())


def append(folder: Path, progress: Mapping[str, Any]) -> None:
    """Add the line of an epoch, on disk before anything that relies on it."""
    with (folder / PROGRESS).open("a", encoding="utf-8") as log:
        log.write(line(progress))
        log.flush()
        os.fsync(log.fileno())


def line(progress: Mapping[str, Any]) -> str:
    """An epoch as it stands in the log: figures and tables are made from it, for which `DIGITS` are plenty."""
    return json.dumps(_rounded(progress), separators=COMPACT) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
