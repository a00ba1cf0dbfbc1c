"""The files of a sample pack on a disk, as a person has them who brings one."""

from __future__ import annotations

import tempfile
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = tempfile.TemporaryDirectory(prefix="mmlab-tests-")  # until this process ends


@cache
def pack(task: str, root: Path = ROOT) -> Path:
    """A folder with every file of the pack of a task, from the package that lies in `root`."""
    folder = Path(KEPT.name) / str(abs(hash(root))) / task
    with zipfile.ZipFile(root / "mmlab" / "samples" / task / "pack.zip") as archive:
        archive.extractall(folder)
    return folder
