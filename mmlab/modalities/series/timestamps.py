"""When each row of a table was: from its column of times, from what is stated, or assumed."""

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
GAP = 1.5  # steps: what is longer does not count for the rate
_TIME = re.compile(r"^(t|time\w*|timestamp\w*|elapsed\w*|seconds?|secs?|millis\w*|ms|epoch\w*|uptime\w*)$")
_INDEX = re.compile(r"^(|#|index|id|nr|no|row|sample|unnamed: 0)$")
_UNITS = (("ns", "nano", 1e-9), ("us", "micro", 1e-6), ("µs", "micro", 1e-6), ("ms", "milli", 1e-3), ("s", "sec", 1.0))
HINT = "Add a column of times in seconds or milliseconds, or state the rows per second."


@dataclass(frozen=True)
class Clock:
    """The moments of the rows of a table.

    columns: those that hold times or row numbers, no values. times: seconds from the first row; None where every
    step is 1 / `rate`. notes: what was assumed.
    """

    columns: frozenset[int]
    rate: float
    times: NDArray[np.float64] | None
    notes: tuple[str, ...]

    def even(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows `[T, C]` at even steps, by straight lines where they are not."""
        if self.times is None:
            return values
        steps = np.arange(int(round(float(self.times[-1]) * self.rate, 6)) + 1) / self.rate
        return np.stack([np.interp(steps, self.times, column) for column in values.T], axis=1)


def read_clock(table: Table, label: str) -> Clock:
    """The clock of a table. Raises DataError for times that run backwards and for rates that no sensor has."""
    column, indices = _time_column(table), _index_columns(table)
    if len(table.values) < 2:
        raise DataError(f"{label} has {len(table.values)} row; a recording has many.", HINT)
    if column is None:
        stated = table.settings.get("rate", "")
        rate = _rate(_stated(stated, label) if stated else ASSUMED, label)
        assumed = f"No column of times: {ASSUMED:g} rows a second are assumed."
        return Clock(frozenset(indices), rate, None, () if stated else (assumed,))
    times, notes = _seconds(table, column, label)
    steps = np.diff(times)
    usual = steps[steps <= GAP * np.median(steps)]
    rate = _rate(float(f"{len(usual) / max(float(usual.sum()), 1e-12):.6g}"), label)
    if times[-1] * rate > ROWS:
        raise DataError(f"{label}: its times span {times[-1]:,.0f} s, which is too long.", "Use a shorter recording.")
    even = float(np.abs(steps * rate - 1).max()) < UNEVEN
    if not even:
        gap = float(steps.max())
        longest = f" (the longest is {gap:.2f} s)" if gap * rate > 2 else ""
        notes += (f"The time steps are uneven{longest}: values in between are interpolated linearly.",)
    return Clock(frozenset({column, *indices}), rate, None if even else times, notes)


def _time_column(table: Table) -> int | None:
    if table.names:
        plain = [re.split(r"[ \[(_]", name.strip().lower())[0] for name in table.names]
        return next((place for place, name in enumerate(plain) if _TIME.match(name)), None)
    values = table.values
    extra = values.shape[1] in (4, 7)  # a time before three or six columns
    return 0 if extra and bool((np.diff(values[:, 0]) > 0).all()) else None


def _index_columns(table: Table) -> list[int]:
    return [place for place, name in enumerate(table.names) if _INDEX.match(name.strip().lower())]


def _seconds(table: Table, column: int, label: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Seconds from the first row, by the unit in the column's name or by the size of its steps."""
    times = table.values[:, column] - table.values[0, column]
    backwards = np.flatnonzero(np.diff(times) < 0)
    if len(backwards):
        line = table.lines[int(backwards[0]) + 1]
        raise DataError(f"{label}, line {line}: the time runs backwards.", "Sort the rows by time.")
    step = float(np.median(np.diff(times)))
    if not step:
        raise DataError(f"{label}: the time stands still.", HINT)
    named = _named_unit(table.names[column]) if table.names else 0.0
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


def _named_unit(name: str) -> float:
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
