"""Named numeric columns from CSV and .npy files of user data folders: for series and for vectors."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.plain_text import LONGEST_NAME, NAMES_HINT, is_plain, plain
from mmlab.modalities.npy_array import check_named
from mmlab.modalities.npy_header import NUMPY, npy_header
from mmlab.modalities.series.csv_table import LARGEST, NOTHING_STATED, ROWS, Table, TableOptions, read_table

ARRAY_BYTES, MOST_COLUMNS, MOST_VALUES = 32_000_000, 65_536, 8_000_000
Floats = NDArray[np.float64]


def check_columns(columns: tuple[str, ...], size: int) -> None:
    """Raise DataError for names of columns that cannot be, and where there are both or neither of names and `size`."""
    if columns and size:
        raise DataError("There are names of columns and a size.", 'Give "columns", or "size" where they have no names.')
    if not 1 <= len(columns) + size <= MOST_COLUMNS:
        message = f"There are {len(columns):,} names of columns; there can be 1 to {MOST_COLUMNS:,}."
        raise DataError(message, 'Write "columns": ["x", "y"], or "size": 512 where they have no names.')
    for name in columns:
        if not is_plain(name, LONGEST_NAME):
            raise DataError(f"'{plain(name, LONGEST_NAME)}' cannot name a column.", NAMES_HINT)
    if len(set(columns)) != len(columns):
        raise DataError("Two columns share a name.", "Give each its own.")


@lru_cache(maxsize=16)
def numbered_columns(size: int) -> tuple[str, ...]:
    """What columns without names are called: by their number, from 1."""
    return tuple(map(str, range(1, size + 1)))


def listed(columns: tuple[str, ...]) -> str:
    """The first names of columns, for a sentence."""
    return ", ".join(columns[:8]) + (" ..." if len(columns) > 8 else "")


def table_of(content: bytes, label: str, stated: TableOptions = NOTHING_STATED, name: str = "") -> Table:
    """The numbers of a CSV or .npy file. Raises DataError."""
    check_named(content, name, label, "Save it with numpy.save as [rows, columns].")
    if not content.startswith(NUMPY):
        return read_table(content, label, stated, MOST_COLUMNS)
    values = _array(content, label)
    return Table(values, (), tuple(range(1, len(values) + 1)), stated.settings())


def _array(content: bytes, label: str) -> Floats:
    """A .npy file of one or two dimensions; no pickles, and what its header promises is checked first."""
    try:
        opened = io.BytesIO(content)
        shape, _, form = npy_header(opened)
        if form.kind not in "fiu" or len(shape) not in (1, 2) or len(content) > ARRAY_BYTES:
            raise DataError(f"{label} is no array of numbers in one or two dimensions.", "Save it as [rows, columns].")
        if int(np.prod([int(side) for side in shape], dtype=object)) * form.itemsize > len(content):
            raise DataError(f"{label} is cut off.", "Save it again.")
        if (len(shape) == 2 and int(shape[0]) > ROWS) or int(np.prod(shape, dtype=object)) > MOST_VALUES:
            hint = f"Up to {ROWS:,} rows, and {MOST_VALUES // 10**6} million numbers in all."
            raise DataError(f"{label} holds {' × '.join(f'{side:,}' for side in shape)} numbers.", hint)
        values = np.load(io.BytesIO(content), allow_pickle=False).astype(np.float64)
    except DataError:
        raise
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is not an .npy file that can be read.", "Save it again, without pickle.") from error
    if not values.size or not np.isfinite(values).all():
        raise DataError(f"{label} is empty or has values that are not finite numbers.", "Fill or remove them.")
    if (far := float(np.abs(values).max())) > LARGEST:  # in single precision it would be infinite before long
        raise DataError(f"{label} holds {far:.3g}, which is not a measured number.", "Fill or remove it.")
    return np.atleast_2d(values)


def chosen(table: Table, columns: tuple[str, ...], label: str, size: int = 0, without: int | None = None) -> Floats:
    """The wanted columns: by name where both have names, else all of them but the one of times. Raises DataError."""
    if table.names and columns:
        places = {name: place for place, name in enumerate(table.names)}
        lacking = [name for name in columns if name not in places]
        if lacking:
            raise DataError(f"{label} has no column '{lacking[0][:40]}'.", f"It has {listed(table.names)}.")
        return table.values[:, [places[name] for name in columns]]
    values = table.values if without is None else np.delete(table.values, without, 1)
    wanted = len(columns) or size
    if values.shape[1] != wanted:
        hint = f"Give {listed(columns)}." if columns else f"Give {wanted:,}, or change the size in task.json."
        raise DataError(f"{label} has {values.shape[1]:,} columns and should have {wanted:,}.", hint)
    return values
