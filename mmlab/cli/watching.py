"""A progress bar for jobs executed elsewhere: in other processes, or on other machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mmlab.cli.console import Bar, duration

LOG_SECONDS = 60.0  # between two lines of a log
MOST_SHOWN = 2  # jobs beside a bar
ReadProgress = Callable[[], tuple[float, Sequence[str]]]


@contextmanager
def watched(shown: Bar, every: float, read: ReadProgress) -> Iterator[None]:
    """Until the block ends, show the progress every so many seconds: the share done, and a line for each job."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(shown, every, read, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(shown: Bar, every: float, read: ReadProgress, over: threading.Event) -> None:
    logged = time.monotonic()
    while not over.wait(every):
        share, lines = read()
        shown.move(share, "; ".join(lines[:MOST_SHOWN]))
        if lines and time.monotonic() - logged >= LOG_SECONDS:
            logged = time.monotonic()
            shown.note("; ".join(lines))


def left(seconds: float | None) -> str:
    """`, 40 s left`; nothing where that is not known yet."""
    return "" if seconds is None else f", {duration(seconds)} left"
