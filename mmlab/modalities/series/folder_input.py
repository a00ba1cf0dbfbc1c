"""Series in a user's data folder: a row per time point, standardised by the training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import Options, option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw, Series
from mmlab.modalities.files import shown_name
from mmlab.modalities.series.columns import MOST_COLUMNS, check_columns, chosen, listed, numbered_columns, table_of
from mmlab.modalities.series.csv_table import NOTHING_STATED, Table, TableOptions
from mmlab.modalities.series.folder_clock import TIME, UNITS, Timed, Wanted, time_column, timed

UNIT_HINT = 'Set "seconds" in task.json, or say in which unit the times are: "time_unit": "ms".'
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeriesInput(FolderInput):
    """Sensors over time: a CSV with a row per moment and a line of names, or .npy `[rows, columns]`.

    A column `time` (seconds, unless its numbers or `time_unit` say otherwise) says when each row was measured; without
    it, there are `rate` rows a second. Of a recording with gaps, the longest stretch without one counts.
    """

    columns: tuple[str, ...] = option((), "The names of the columns that the model takes, in order")
    size: int = option(0, "How many columns there are besides the times, where they have no names", 0, MOST_COLUMNS)
    rate: float = option(50.0, "Rows a second in files without a column named time", 0.001, 100_000.0)
    seconds: float = option(2.0, "How long a stretch the model takes: the one in the middle", 0.001, 1e6)
    steps: int = option(64, "How many moments of it the model takes", 8, 512)
    time_unit: str = option("", "The unit of the times; else told by their name or their size", choices=("", *UNITS))
    seen_as: ClassVar[str] = "series"
    takes_rows: ClassVar[bool] = True
    ReadOptions: ClassVar[type[Options]] = TableOptions

    def __post_init__(self) -> None:
        check_columns(self.columns, self.size)

    @property
    def standardised(self) -> bool:
        return True

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.row_names), self.steps)

    @property
    def row_names(self) -> tuple[str, ...]:
        return self.columns or numbered_columns(self.size)

    def read(self, content: bytes, name: str) -> Raw:
        return self.read_as_stated(content, name, NOTHING_STATED)

    def read_as_stated(self, content: bytes, name: str, stated: TableOptions) -> Raw:
        label = shown_name(name, "The series")
        table = table_of(content, label, stated, name)
        clock = time_column(table, self.columns)
        values = chosen(table, self.columns, label, self.size, clock)
        stated_rate, start = _stated(table, "rate", label), _stated(table, "start", label)
        found = Timed(values, stated_rate or self.rate)
        if clock is not None and (stated_rate is None or table.names[clock] == TIME):
            found = timed(table, clock, values, Wanted(self.seconds, self.steps, self.time_unit, start), label)
        if len(found.values) < 2:
            raise DataError(f"{label} has a single row.", "Give a row per moment.")
        part = None if start is None else (start - found.begin, start - found.begin + self.seconds)
        if part and part[0] * found.rate >= len(found.values):
            raise DataError(f"{label}: there is nothing after {start:g} s.", "Start earlier.")
        return Series(found.values, found.rate, self.row_names, part=part, note=found.note)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[C, steps]`: what is stated, or the middle; where the recording does not reach, its own mean.

        In double precision: an offset would cost digits before it is taken off.
        """
        if not isinstance(raw, Series):
            raise not_of("a series of numbers")
        if raw.values.shape[1] != len(self.row_names):
            raise DataError(f"There are {raw.values.shape[1]} columns.", f"Give {listed(self.row_names)}.")
        length = len(raw.values) / raw.rate
        start = raw.part[0] if raw.part else (length - self.seconds) / 2
        if self.seconds * raw.rate < 2:
            message = f"There is a row every {1 / raw.rate:,.6g} s: fewer than two in {self.seconds:g} s."
            raise DataError(message, UNIT_HINT)
        notes = [raw.note] if raw.note else []
        if length > 1.02 * self.seconds:
            notes.append(f"Took {max(start, 0):.1f} to {start + self.seconds:.1f} s of {length:.1f} s.")
        elif length < 0.98 * self.seconds:
            notes.append(f"It holds {length:.3g} s: the rest of {self.seconds:g} s is filled with its mean.")
        edges = start + np.linspace(0, self.seconds, self.steps + 1)
        found = _averaged(raw.values.astype(np.float64), raw.rate, edges)
        return PreparedInput(torch.from_numpy(np.ascontiguousarray(found.T)), tuple(notes))


def _stated(table: Table, name: str, label: str) -> float | None:
    """A number of the settings line of a table, None where it does not say. Raises DataError."""
    text = table.settings.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise DataError(f"{label}: '{text[:20]}' is no {name}.", "State a number.") from error
    if not 0 <= number < 1e6:
        raise DataError(f"{label}: '{text[:20]}' is no {name}.", "State a number that is not negative.")
    return number


def _averaged(values: Floats, rate: float, edges: Floats) -> Floats:
    """The mean of each column of `[T, C]` between each two `edges` (seconds); its own mean where it does not reach."""
    mean, count = values.mean(0), len(values)
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values - mean, 0)])
    places = np.clip(edges * rate, 0, count)
    below = np.minimum(places.astype(np.int64), count - 1)
    sums = total[below] + (total[below + 1] - total[below]) * (places - below)[:, None]
    return np.asarray(np.diff(sums, axis=0) / np.diff(edges * rate)[:, None] + mean)
