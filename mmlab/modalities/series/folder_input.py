"""Series in a folder of one's own: a row per moment, standardised by the training samples."""

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
from mmlab.modalities.series.columns import check_columns, chosen, listed, table_of
from mmlab.modalities.series.csv_table import NOTHING_STATED, Table, TableOptions

TIME = "time"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeriesInput(FolderInput):
    """Sensors over time: a CSV with a row per moment and a line of names, or .npy `[rows, columns]`.

    A column `time` (seconds) says when each row was measured; without it, there are `rate` rows a second.
    """

    columns: tuple[str, ...] = option((), "The names of the columns that the model takes, in order")
    rate: float = option(50.0, "Rows a second in files without a column named time", 0.001, 100_000.0)
    seconds: float = option(2.0, "How long a stretch the model takes: the one in the middle", 0.001, 1e6)
    steps: int = option(64, "How many moments of it the model takes", 8, 512)
    seen_as: ClassVar[str] = "series"
    standardised: ClassVar[bool] = True
    ReadOptions: ClassVar[type[Options]] = TableOptions

    def __post_init__(self) -> None:
        check_columns(self.columns)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.columns), self.steps)

    @property
    def row_names(self) -> tuple[str, ...]:
        return self.columns

    def read(self, content: bytes, name: str) -> Raw:
        return self.read_as_stated(content, name, NOTHING_STATED)

    def read_as_stated(self, content: bytes, name: str, stated: TableOptions) -> Raw:
        label = shown_name(name, "The series")
        table = table_of(content, label, stated)
        values = chosen(table, self.columns, label)
        rate = _stated(table, "rate", label) or self.rate
        if TIME in table.names and TIME not in self.columns:
            values, rate = _even(table.values[:, table.names.index(TIME)], values, label)
        if len(values) < 2:
            raise DataError(f"{label} has a single row.", "Give a row per moment.")
        start = _stated(table, "start", label)
        part = None if start is None else (start, start + self.seconds)
        return Series(values, rate, self.columns, part=part)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[C, steps]`: what is stated, or the middle; where the recording does not reach, its own mean.

        In double precision: an offset would cost digits before it is taken off.
        """
        if not isinstance(raw, Series):
            raise not_of("a series of numbers")
        if raw.values.shape[1] != len(self.columns):
            raise DataError(f"There are {raw.values.shape[1]} columns.", f"Give {listed(self.columns)}.")
        length = len(raw.values) / raw.rate
        start = raw.part[0] if raw.part else (length - self.seconds) / 2
        notes = []
        if length > 1.02 * self.seconds:
            notes.append(f"Took {max(start, 0):.1f} to {start + self.seconds:.1f} s of {length:.1f} s.")
        edges = start + np.linspace(0, self.seconds, self.steps + 1)
        rows = [_averaged(column, raw.rate, edges) for column in raw.values.T.astype(np.float64)]
        return PreparedInput(torch.from_numpy(np.stack(rows)), tuple(notes))


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


def _even(times: Floats, values: Floats, label: str) -> tuple[Floats, float]:
    """Rows at even steps of the usual distance between two, and how many there are a second. Raises DataError."""
    steps = np.diff(times)
    if not len(steps) or (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 2 if len(steps) else 1
        raise DataError(f"{label}: the time does not rise at row {row}.", "Sort the rows by time, in seconds.")
    step = float(np.median(steps))
    count = min(int((times[-1] - times[0]) / step) + 1, 10 * len(times))
    places = times[0] + step * np.arange(count)
    return np.stack([np.interp(places, times, column) for column in values.T], 1), 1 / step


def _averaged(column: Floats, rate: float, edges: Floats) -> Floats:
    """The mean of a column `[T]` between each two `edges` (seconds); its own mean before it begins and after."""
    mean, count = float(column.mean()), len(column)
    total = np.concatenate([[0.0], np.cumsum(column - mean)])
    sums = np.interp(edges * rate, np.arange(count + 1), total)
    return np.asarray(np.diff(sums) / np.diff(edges * rate) + mean)
