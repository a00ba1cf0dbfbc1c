"""The location of recomputable data."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """`MMLAB_CACHE`, or the platform's place for caches."""
    named = os.environ.get("MMLAB_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "mmlab" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mmlab"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mmlab"
