"""Numbers: one row of them, or a row per moment. Both are standardised by the training samples."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.options import option
from mmlab.core.recordings import Raw, Series, Vector
from mmlab.core.task import PreparedInput
from mmlab.modalities.files import shown_name
from mmlab.modalities.series.csv_table import Table, read_table
from mmlab.tasks.custom.input_kinds import Kind, kind, not_of
from mmlab.tasks.custom.locations import LONGEST_NAME, NAMES_HINT, is_plain, plain

NUMPY = b"\x93NUMPY"
ARRAY_BYTES, MOST_COLUMNS = 32_000_000, 64
TIME = "time"
Floats = NDArray[np.float64]


def check_columns(columns: tuple[str, ...]) -> None:
    """Raise DataError for names of columns that cannot be."""
    if not 1 <= len(columns) <= MOST_COLUMNS:
        raise DataError(f"The columns have to be 1 to {MOST_COLUMNS} names.", 'Write "columns": ["x", "y"].')
    for name in columns:
        if not is_plain(name, LONGEST_NAME):
            raise DataError(f"'{plain(name, LONGEST_NAME)}' cannot name a column.", NAMES_HINT)
    if len(set(columns)) != len(columns):
        raise DataError("Two columns share a name.", "Give each its own.")


@kind("vector")
@dataclass(frozen=True)
class VectorKind(Kind):
    """A few numbers per sample: a CSV or .npy file with one row, or the numbers themselves in the manifest."""

    columns: tuple[str, ...] = option((), "The names of the numbers, in order")
    seen_as: ClassVar[str] = "vector"
    inline: ClassVar[bool] = True
    standardised: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_columns(self.columns)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.columns),)

    def read(self, content: bytes, name: str) -> Raw:
        label = shown_name(name, "The row of numbers")
        values = _chosen(_table(content, label), self.columns, label)
        if len(values) != 1:
            raise DataError(f"{label} has {len(values)} rows.", "Give one row of numbers per sample.")
        return Vector(values[0].astype(np.float32), self.columns)

    def prepare(self, raw: Raw) -> PreparedInput:
        if not isinstance(raw, Vector):
            raise not_of("a row of numbers")
        if len(raw.values) != len(self.columns):
            raise DataError(
                f"There are {len(raw.values)} numbers.", f"Give {len(self.columns)}: {_listed(self.columns)}."
            )
        return PreparedInput(torch.from_numpy(raw.values))


@kind("series")
@dataclass(frozen=True)
class SeriesKind(Kind):
    """Sensors over time: a CSV with a row per moment and a line of names, or .npy `[rows, columns]`.

    A column `time` (seconds) says when each row was measured; without it, there are `rate` rows a second.
    """

    columns: tuple[str, ...] = option((), "The names of the columns that the model takes, in order")
    rate: float = option(50.0, "Rows a second in files without a column named time", 0.001, 100_000.0)
    seconds: float = option(2.0, "How long a stretch the model takes: the one in the middle", 0.001, 1e6)
    steps: int = option(64, "How many moments of it the model takes", 8, 512)
    seen_as: ClassVar[str] = "series"
    standardised: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_columns(self.columns)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.columns), self.steps)

    def read(self, content: bytes, name: str) -> Raw:
        label = shown_name(name, "The series")
        table = _table(content, label)
        values = _chosen(table, self.columns, label)
        rate = _stated(table, "rate", label) or self.rate
        if TIME in table.names and TIME not in self.columns:
            values, rate = _even(table.values[:, table.names.index(TIME)], values, label)
        if len(values) < 2:
            raise DataError(f"{label} has a single row.", "Give a row per moment.")
        start = _stated(table, "start", label)
        part = None if start is None else (start, start + self.seconds)
        return Series(values.astype(np.float32), rate, self.columns, part=part)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[C, steps]`: what is stated, or the middle; where the recording does not reach, its own mean."""
        if not isinstance(raw, Series):
            raise not_of("a series of numbers")
        if raw.values.shape[1] != len(self.columns):
            raise DataError(f"There are {raw.values.shape[1]} columns.", f"Give {_listed(self.columns)}.")
        length = len(raw.values) / raw.rate
        start = raw.part[0] if raw.part else (length - self.seconds) / 2
        notes = []
        if length > 1.02 * self.seconds:
            notes.append(f"Took {max(start, 0):.1f} to {start + self.seconds:.1f} s of {length:.1f} s.")
        edges = start + np.linspace(0, self.seconds, self.steps + 1)
        rows = [_averaged(column, raw.rate, edges) for column in raw.values.T.astype(np.float64)]
        return PreparedInput(torch.from_numpy(np.stack(rows).astype(np.float32)), tuple(notes))


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


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(columns[:8]) + (" ..." if len(columns) > 8 else "")


def _table(content: bytes, label: str) -> Table:
    """The numbers of a CSV or .npy file. Raises DataError."""
    if not content.startswith(NUMPY):
        return read_table(content, label)
    values = _array(content, label)
    return Table(values, (), tuple(range(1, len(values) + 1)), {})


def _array(content: bytes, label: str) -> Floats:
    """A .npy file of one or two dimensions; no pickles, and what its header promises is checked first."""
    try:
        opened = io.BytesIO(content)
        version = np.lib.format.read_magic(opened)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, form = read(opened)
        if form.kind not in "fiu" or len(shape) not in (1, 2) or len(content) > ARRAY_BYTES:
            raise DataError(f"{label} is no array of numbers in one or two dimensions.", "Save it as [rows, columns].")
        if int(np.prod([int(side) for side in shape], dtype=object)) * form.itemsize > len(content):
            raise DataError(f"{label} is cut off.", "Save it again.")
        values = np.load(io.BytesIO(content), allow_pickle=False).astype(np.float64)
    except DataError:
        raise
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is not an .npy file that can be read.", "Save it again, without pickle.") from error
    if not values.size or not np.isfinite(values).all():
        raise DataError(f"{label} is empty or has values that are not finite numbers.", "Fill or remove them.")
    return np.atleast_2d(values)


def _chosen(table: Table, columns: tuple[str, ...], label: str) -> Floats:
    """The wanted columns: by name where the table has names, all of them otherwise. Raises DataError."""
    if table.names:
        lacking = [name for name in columns if name not in table.names]
        if lacking:
            raise DataError(f"{label} has no column '{lacking[0][:40]}'.", f"It has {_listed(table.names)}.")
        return table.values[:, [table.names.index(name) for name in columns]]
    if table.values.shape[1] != len(columns):
        found = table.values.shape[1]
        raise DataError(f"{label} has {found} columns and should have {len(columns)}.", f"Give {_listed(columns)}.")
    return table.values


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
