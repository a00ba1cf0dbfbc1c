"""A quick exit for our own processes."""

from __future__ import annotations

import atexit
import gc


def end_quickly() -> None:
    """Let this process end without looking through every object that large packages made: half a second of PyTorch."""
    atexit.register(gc.freeze)
