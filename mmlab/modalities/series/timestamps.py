"""The time of each row of a table: from its time column, as stated, or assumed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.series.csv_table import ROWS, Table

ASSUMED = 50.0  # rows a second, where nothing says so
RATES = (5.0, 4_000.0)
UNEVEN = 0.25  # of a step: from here on values are interpolated
LATE = 1.5  # steps: what is longer does not count for the rate
PAUSE, SHARE = 10, 0.25  # steps, and of the stretch that is taken: what is longer than both is a gap
_TIME = re.compile(r"^(t|time\w*|timestamp\w*|elapsed\w*|seconds?|secs?|millis\w*|ms|epoch\w*|uptime\w*)$")
_INDEX = re.compile(r"^(|#|index|id|nr|no|row|sample|unnamed: 0)$")
_UNITS = (("ns", "nano", 1e-9), ("us", "micro", 1e-6), ("µs", "micro", 1e-6), ("ms", "milli", 1e-3), ("s", "sec", 1.0))
HINT = "Add a column of times in seconds or milliseconds, or state the rows per second."


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Clock:
    """The moments of the rows of a table.

    columns: those that hold times or row numbers, no values. times: seconds from the first row that counts; None where
    every step is 1 / `rate`. notes: what was assumed. rows: those that count, between two gaps; begin: when they
    begin, in seconds from the first row of the table.
    """

    columns: frozenset[int]
    rate: float
    times: Floats | None
    notes: tuple[str, ...]
    rows: slice
    begin: float = 0.0

    def even(self, values: Floats) -> Floats:
        """The rows `[T, C]` that count at even steps, by straight lines where they are not."""
        values = values[self.rows]
        if self.times is None:
            return values
        steps = np.arange(int(round(float(self.times[-1]) * self.rate, 6)) + 1) / self.rate
        return np.stack([np.interp(steps, self.times, column) for column in values.T], axis=1)


def read_clock(table: Table, label: str, seconds: float, start: float | None = None) -> Clock:
    """The clock of a table, of which `seconds` are taken, from `start` where that is stated.

    Raises DataError for times that run backwards and for rates that no sensor has.
    """
    column, indices = _time_column(table), _index_columns(table)
    if len(table.values) < 2:
        raise DataError(f"{label} has {len(table.values)} row; a recording has many.", HINT)
    if column is None:
        stated = table.settings.get("rate", "")
        rate = _rate(_stated(stated, label) if stated else ASSUMED, label)
        assumed = f"No column of times: {ASSUMED:g} rows a second are assumed."
        return Clock(frozenset(indices), rate, None, () if stated else (assumed,), slice(None))
    times, notes = _seconds(table, column, label)
    others = [place for place in clock_columns(table) if place != column]
    notes += tuple(f"'{table.names[place][:40]}' is a clock, too: it is not used." for place in others)
    rows, left = between_gaps(times, seconds, label, start)
    notes += (left,) if left else ()
    begin, times = float(times[rows.start]), times[rows] - times[rows.start]
    steps = np.diff(times)
    usual = steps[steps <= LATE * np.median(steps)]
    rate = _rate(float(f"{len(usual) / max(float(usual.sum()), 1e-12):.6g}"), label)
    if times[-1] * rate > ROWS:
        raise DataError(f"{label}: its times span {times[-1]:,.0f} s, which is too long.", "Use a shorter recording.")
    even = float(np.abs(steps * rate - 1).max()) < UNEVEN
    if not even:
        gap = float(steps.max())
        longest = f" (the longest is {gap:.2f} s)" if gap * rate > 2 else ""
        notes += (f"The time steps are uneven{longest}: values in between are interpolated linearly.",)
    return Clock(frozenset({column, *others, *indices}), rate, None if even else times, notes, rows, begin)


def between_gaps(times: Floats, seconds: float, label: str, start: float | None = None) -> tuple[slice, str]:
    """The longest stretch of rows without a gap, or the one that holds `start`, and a sentence where rows are left out.

    A gap is longer than PAUSE usual steps and than a quarter of the `seconds` that are taken: a pause, a clock that was
    set, a stray row. Values between its ends were never measured. Raises DataError for a `start` without rows.
    """
    steps = np.diff(times)
    breaks = np.flatnonzero(steps > max(PAUSE * float(np.median(steps)), SHARE * seconds))
    if not len(breaks):
        return slice(0, len(times)), ""
    first, last = np.append(0, np.add(breaks, 1)), np.append(breaks, len(times) - 1)
    if start is None:
        place = int(np.argmax(times[last] - times[first]))
    else:
        place = max(int(np.searchsorted(times[first] - times[0], start, "right")) - 1, 0)
    rows = slice(int(first[place]), int(last[place]) + 1)
    if start is not None and (rows.stop - rows.start < 2 or times[0] + start >= times[rows.stop - 1]):
        raise DataError(f"{label}: there is a gap in its times at {start:g} s.", "Start where there are rows.")
    what = "a gap" if len(breaks) == 1 else f"{len(breaks):,} gaps"
    first_time, last_time = times[rows.start] - times[0], times[rows.stop - 1] - times[0]
    kept = f"Took {first_time:.1f} to {last_time:.1f} s, {rows.stop - rows.start:,} of {len(times):,} rows"
    return rows, f"{kept}: there is {what} in its times (up to {steps.max():,.1f} s)."


def _called_times(table: Table) -> list[int]:
    plain = [re.split(r"[ \[(_]", name.strip().lower())[0] for name in table.names]
    return [place for place, name in enumerate(plain) if _TIME.match(name)]


def clock_columns(table: Table) -> list[int]:
    """The columns that are called after times and rise from row to row, or stand still for some."""
    called = _called_times(table)
    steps = np.diff(table.values[:, called], axis=0)
    return [place for place, column in zip(called, steps.T, strict=True) if (column >= 0).all() and (column > 0).any()]


def _time_column(table: Table) -> int | None:
    if table.names:
        return next(iter(clock_columns(table) or _called_times(table)), None)
    values = table.values
    extra = values.shape[1] in (4, 7)  # a time before three or six columns
    return 0 if extra and bool((np.diff(values[:, 0]) > 0).all()) else None


def _index_columns(table: Table) -> list[int]:
    return [place for place, name in enumerate(table.names) if _INDEX.match(name.strip().lower())]


def _seconds(table: Table, column: int, label: str) -> tuple[Floats, tuple[str, ...]]:
    """Seconds from the first row, by the unit in the column's name or by the size of its steps."""
    times = table.values[:, column] - table.values[0, column]
    backwards = np.flatnonzero(np.diff(times) < 0)
    if len(backwards):
        line = table.lines[int(backwards[0]) + 1]
        raise DataError(f"{label}, line {line}: the time runs backwards.", "Sort the rows by time.")
    step = float(np.median(np.diff(times)))
    if not step:
        raise DataError(f"{label}: the time stands still.", HINT)
    named = named_unit(table.names[column]) if table.names else 0.0
    if named:
        return times * named, ()
    scale, words = next(
        (scale, words)
        for least, scale, words in (
            (1e6, 1e-9, "nanoseconds"),
            (1e3, 1e-6, "microseconds"),
            (1.0, 1e-3, "milliseconds"),
            (0.0, 1.0, "seconds"),
        )
        if step >= least
    )
    return times * scale, (f"The unit of time is not stated: {words} is assumed from the steps.",)


def named_unit(name: str) -> float:
    """Seconds per unit of a column called `t [ms]`, `timestamp_ns`, `millis`; 0 where it does not say."""
    words = [word for word in re.split(r"[ _\[\](),./]+", name.strip().lower()) if word]
    for word in words:
        for short, long, scale in _UNITS:
            if word == short or word.startswith(long):
                return scale
    return 0.0


def _stated(text: str, label: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{label}: '{text[:20]}' rows a second make no sense.", HINT) from error


def _rate(rate: float, label: str) -> float:
    if not RATES[0] <= rate <= RATES[1]:
        raise DataError(
            f"{label} has {rate:,.4g} rows a second.", f"Use {RATES[0]:g} to {RATES[1]:,.0f}; state the unit of time."
        )
    return rate
