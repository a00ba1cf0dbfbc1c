"""Where the results of registered models are stored: in the cache folder, a library per file in `MMLAB_MODELS`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from mmlab.storage.cache_folder import cache_folder

VARIABLE = "MMLAB_MODELS"


def named_files() -> tuple[str, ...]:
    """The files that `MMLAB_MODELS` names, in order, each once."""
    return tuple(dict.fromkeys(part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part))


def measured_folder(file: str | Path) -> Path:
    """The library of what one file registers. The name tells files apart; nothing of it is run."""
    path = Path(file).expanduser().resolve()
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    return cache_folder() / "measured" / f"{path.stem[:40]}-{digest}"


def measured_folders() -> tuple[Path, ...]:
    """Those of the files that are named now."""
    return tuple(measured_folder(file) for file in named_files())
