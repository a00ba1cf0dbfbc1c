"""Serialises quick page runs that arrive simultaneously.

Python runs one thread at a time. When a class clicks at the same instant, and all threads go on in slices, everybody
waits until nearly all are done; one after the other, half of them are done in half of the time, and nobody later.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.5  # seconds, after which somebody goes on beside the others: one that is slow holds up nobody for long
_turn = threading.Lock()


@contextmanager
def turn() -> Iterator[None]:
    """While the block runs, others that want a turn wait. Only for what is quick and computes no model."""
    is_ours = _turn.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if is_ours:
            _turn.release()
