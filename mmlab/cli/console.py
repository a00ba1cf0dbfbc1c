"""The output of commands: results to stdout, progress to stderr, JSON for machines."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from mmlab.core.long_work import report_progress
from mmlab.core.number_text import measured

MENDABLE, STOPPED = 2, 130  # exit codes: what a person can mend, and Ctrl-C
PATIENCE = 5.0  # seconds between two lines about work that has to be done first


def emit(content: Mapping[str, Any]) -> None:
    """Print JSON, and nothing but JSON, to stdout. A number that is not finite becomes null."""
    print(json.dumps(_plain(content), indent=1, ensure_ascii=False))


def say(text: str = "") -> None:
    """Print a line for a person to stdout."""
    print(text)


def whisper(text: str) -> None:
    """Print a line for a person to stderr, where it cannot get into a result."""
    print(text, file=sys.stderr, flush=True)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Print a table to stdout; the first `left` columns are words, the others are numbers."""
    if title:
        say(title)
    shown = Table(box=None, pad_edge=False)
    for position, name in enumerate(head):
        shown.add_column(name, justify="left" if position < left else "right", no_wrap=position == 0)
    for row in rows:
        shown.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:  # a pipe has no width to wrap at
        console.width = 200
    console.print(shown)


def number(value: float | None, digits: int = 3) -> str:
    """A fraction for a table; a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else measured(value, digits, minus="-")


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 10 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Bar:
    """A progress bar on stderr. Where stderr is no terminal, `note` prints lines instead."""

    def __init__(self, progress: Progress, live: bool) -> None:
        self._progress = progress
        self._live = live
        self._row = progress.add_task("", total=None, notes="")
        self._own: dict[str, Any] = {}
        self._noted = time.monotonic()

    def start(self, label: str, total: float | None) -> None:
        """Begin a piece of work of `total` steps; None where nobody knows how long it takes."""
        self._own = {"description": label, "total": total, "completed": 0.0, "notes": ""}
        self._progress.reset(self._row, description=label, total=total, notes="")

    def move(self, done: float, notes: str = "") -> None:
        """So much is done by now."""
        self._own |= {"completed": done, "notes": notes}
        self._progress.update(self._row, completed=done, notes=notes)

    def first(self, what: str, share: float) -> None:
        """Show work that has to be done first, such as reading a folder, until its share is 1; now and then a line."""
        ahead = {"description": what, "total": 1.0, "completed": share, "notes": ""}
        self._progress.update(self._row, **(ahead if share < 1 else self._own))
        if share < 1 and time.monotonic() - self._noted >= PATIENCE:
            self.note(f"{what}: {share:.0%}.")
            self._noted = time.monotonic()

    def note(self, line: str) -> None:
        """A line that a log keeps; a person at a terminal sees the bar."""
        if not self._live:
            whisper(line)


@contextmanager
def bar(label: str, total: float | None = 1.0) -> Iterator[Bar]:
    """Show progress on stderr while the block runs."""
    console = Console(stderr=True, markup=False, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[notes]}", markup=False),
    )
    live = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not live) as progress:
        shown = Bar(progress, live)
        shown.start(label, total)
        with report_progress(shown.first):
            yield shown


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
