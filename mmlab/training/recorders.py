"""Recorders for custom training loops: `Recorder`, `lightning_callback` and `trainer_callback`.

They need a model's analyses, which lie above this room, so they are fetched when somebody asks for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

NAMES = ("Recorder", "lightning_callback", "trainer_callback")


def __getattr__(name: str) -> Any:
    """What is asked for, from `mmlab.foreign.recording`."""
    if name not in NAMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module("mmlab.foreign.recording"), name)
