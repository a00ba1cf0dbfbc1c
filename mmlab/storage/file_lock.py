"""Locks held for the lifetime of a process: whether a run is being trained, and by nobody else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PAUSE = 0.05  # seconds between two tries


def can_lock() -> bool:
    """Whether this system can tell whether a process still lives."""
    return fcntl is not None


def lock(file: Path, patience: float = 0.0) -> int | None:
    """Lock `file`, made with its folder, for as long as the descriptor is open.

    None where another process holds it for `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)  # its last holder may have removed it
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(descriptor, file):
                return descriptor
        except OSError:  # held, if only by somebody who is looking whether it is
            if time.monotonic() >= until:
                os.close(descriptor)
                return None
            time.sleep(PAUSE)
        os.close(descriptor)


def _is_there(descriptor: int, file: Path) -> bool:
    """Whether the file is still the one that was opened: its last holder may have removed it in between."""
    try:
        return os.fstat(descriptor).st_ino == file.stat().st_ino
    except OSError:
        return False


def is_locked(file: Path) -> bool:
    """Whether a process holds it. Looking takes a shared lock, so that two who look do not see each other."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


@contextmanager
def held(file: Path, patience: float = 0.0) -> Iterator[bool]:
    """Hold `file`, and remove what was made; gives False where another process holds it."""
    if not can_lock():
        yield True
        return
    descriptor = lock(file, patience)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        if [each.name for each in file.parent.iterdir()] == [file.name]:  # nothing but the lock: no record is kept here
            with suppress(OSError):
                file.unlink()
                file.parent.rmdir()
        os.close(descriptor)
