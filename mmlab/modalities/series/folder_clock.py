"""The time of each row of a user's series: its time column, the unit, and gaps between rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mmlab.core.errors import DataError
from mmlab.modalities.series.csv_table import Table
from mmlab.modalities.series.timestamps import Floats, between_gaps, clock_columns, named_unit

TIME = "time"
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
IN_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
SINCE_1970 = (("ns", 1e17), ("us", 1e14), ("ms", 1e11))  # units, and from where on a time can be nothing else
FEW = 0.25  # rows per moment that a model takes: with fewer, a smaller unit is tried
MOST_TIMES = 10  # as many rows at even steps as there were


@dataclass(frozen=True)
class Timed:
    """Rows `[T, C]` at even steps, how many there are a second, when they begin in the file (s), and what was done."""

    values: Floats
    rate: float
    begin: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Wanted:
    """What a model takes: so many `steps` of a stretch of `seconds`, from `start` where that is stated.

    unit: of the times, empty where it is not stated.
    """

    seconds: float
    steps: int
    unit: str = ""
    start: float | None = None


def time_column(table: Table, taken: Collection[str]) -> int | None:
    """The column `time`, or another that is called after times and rises; none that is `taken` as a value."""
    if TIME in table.names and TIME not in taken:
        return table.names.index(TIME)
    rising = (place for place in clock_columns(table) if table.names[place] not in taken)
    return next((place for place in rising if (np.diff(table.values[:, place]) > 0).all()), None)


def timed(table: Table, column: int, values: Floats, wanted: Wanted, label: str) -> Timed:
    """The rows that count by their times, at even steps. Raises DataError."""
    times, unit = _seconds(table, column, wanted, label)
    rows, gaps = between_gaps(times, wanted.seconds, label, wanted.start)
    name = table.names[column]
    other = "" if name == TIME else f"The times are those of '{name[:40]}'."
    even, rate = _even(times[rows], values[rows])
    return Timed(even, rate, float(times[rows.start]), " ".join(filter(None, (other, unit, gaps))))


def _seconds(table: Table, column: int, wanted: Wanted, label: str) -> tuple[Floats, str]:
    """Seconds from the first row, and what was assumed of their unit."""
    found = table.values[:, column]
    times = found - found[0]
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(times) < 2 or len(late):
        row = int(late[0]) + 2 if len(late) else 1
        raise DataError(f"{label}: the time does not rise at row {row}.", "Sort the rows by time.")
    named = UNITS[wanted.unit] if wanted.unit else named_unit(table.names[column])
    if named:
        return times * named, ""
    unit = _likely(times, float(np.abs(found).min()), wanted)
    said = "" if unit == "s" else f"The unit of time is not stated: {IN_WORDS[unit]} are assumed."
    return times * UNITS[unit], said


def _likely(times: Floats, earliest: float, wanted: Wanted) -> str:
    """Seconds, unless the times count from 1970 in a smaller unit, or a stretch would hold hardly any of many rows."""
    since = next((unit for unit, least in SINCE_1970 if earliest >= least), "")
    if since:
        return since
    step, span = float(np.median(np.diff(times))), float(times[-1])
    able = [unit for unit, scale in UNITS.items() if unit == "s" or 2 * span * scale >= wanted.seconds]
    return next((unit for unit in able if wanted.seconds >= FEW * wanted.steps * step * UNITS[unit]), able[-1])


def _even(times: Floats, values: Floats) -> tuple[Floats, float]:
    """Rows at even steps of the usual distance between two, by straight lines, and how many there are a second."""
    span = float(times[-1] - times[0])
    step = max(float(np.median(np.diff(times))), span / (MOST_TIMES * len(times)))
    places = times[0] + step * np.arange(int(span / step + 1e-6) + 1)
    return np.stack([np.interp(places, times, column) for column in values.T], 1), 1 / step
