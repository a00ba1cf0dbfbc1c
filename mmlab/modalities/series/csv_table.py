"""Numeric tables as untrusted text (CSV and similar): bounded, and every error names its line.

Commas, semicolons, tabs or spaces between columns; decimal commas where commas do not part columns; one line of
names; comments after `#`. A first line `# mmlab: rate=100 unit=m/s2 start=2.5` says what the table cannot.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.options import option
from mmlab.core.plain_text import without_controls

BYTES, ROWS, COLUMNS, LINE = 8_000_000, 100_000, 64, 4_000
CELL = 40  # characters of a line per column, where more columns may be
LARGEST = 1e19  # nanoseconds since 1970 are near 2e18
SETTINGS = "# mmlab:"
HINT = "Use a CSV file: one row per moment, columns of numbers, a line of names on top if you like."
PIECE = 2000  # lines that are read at once: where one has a fault, the others need not be looked at again
Lines = list[tuple[int, str]]
_SETTING = re.compile(r"([a-z]+)=(\S+)")


@dataclass(frozen=True)
class Table:
    """`values` float64 `[rows, columns]`; `names` of the columns, empty where the table has none; the line of each
    row; what the settings line says."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    lines: tuple[int, ...]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class TableOptions:
    """What a person can say of a table that it does not say itself; it counts before the settings line."""

    rate: float | None = option(None, "Rows a second, where there is no column of times", 0.001, 100_000.0)
    unit: str = option("", "Units of the sensors, such as g, m/s2, rad/s, deg/s, with commas between them")
    start: float | None = option(None, "Seconds from the beginning at which the part that counts starts", 0.0, 1e6)

    def settings(self) -> dict[str, str]:
        """What is said, as a settings line says it."""
        return {name: str(value) for name, value in vars(self).items() if value not in (None, "")}


NOTHING_STATED = TableOptions()


def read_table(content: bytes, label: str, stated: TableOptions = NOTHING_STATED, most_columns: int = COLUMNS) -> Table:
    """The numbers of a table. `label` stands for it in sentences. Raises DataError."""
    if not content.strip():
        raise DataError(f"{label} is empty.", HINT)
    if len(content) > BYTES:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB; the limit is {BYTES / 1e6:.0f} MB.", HINT)
    if b"\0" in content:
        raise DataError(f"{label} is not a text file.", HINT)
    lines, settings = _lines(unicodedata.normalize("NFC", content.decode("utf-8-sig", "replace")))
    if not lines:
        raise DataError(f"{label} is empty.", HINT)
    if len(lines) > ROWS + 1:
        raise DataError(f"{label} has more than {ROWS:,} rows.", "Use a shorter recording.")
    lines, delimiter = _parted(lines, label, max(LINE, CELL * most_columns))
    names: tuple[str, ...] = ()
    first = _split(*lines[0], delimiter, label)
    if not any(_is_number(cell) for cell in first):
        names = tuple(without_controls(cell).strip() for cell in first)
        lines = lines[1:]
    if not lines:
        raise DataError(f"{label} holds a line of names and no numbers.", HINT)
    if len(lines) > ROWS:
        raise DataError(f"{label} has more than {ROWS:,} rows.", "Use a shorter recording.")
    if len(first) > most_columns:
        raise DataError(f"{label} has {len(first):,} columns, which is more than {most_columns:,}.", HINT)
    pieces = [lines[start : start + PIECE] for start in range(0, len(lines), PIECE)]
    values = np.concatenate([_numbers(piece, delimiter, len(first), label) for piece in pieces])
    return Table(values, names, tuple(number for number, _ in lines), {**settings, **stated.settings()})


def _lines(text: str) -> tuple[Lines, dict[str, str]]:
    """Numbered lines that hold something, and the settings. A settings line is ours: it is not counted."""
    settings: dict[str, str] = {}
    found, number = [], 0
    for line in text.splitlines():
        if line.startswith(SETTINGS):
            settings.update(_SETTING.findall(line))
            continue
        number += 1
        if line.strip() and not line.lstrip().startswith("#"):
            found.append((number, line))
    return found, settings


def _parted(lines: Lines, label: str, longest: int) -> tuple[Lines, str]:
    """The lines with points in their numbers and without an empty cell at the end of all, and what parts the cells."""
    for number, line in lines:
        if len(line) > longest:
            raise DataError(f"{label}, line {number}: it is longer than {longest:,} characters.", HINT)
    last = lines[-1][1]
    delimiter = next((sign for sign in ";\t," if sign in last), "")
    found = lines if delimiter in ("", ",") else [(number, line.replace(",", ".")) for number, line in lines]
    if delimiter and all(line.rstrip(" ").endswith(delimiter) for _, line in found):
        found = [(number, line.rstrip(" ")[:-1]) for number, line in found]
    return found, delimiter


def _split(number: int, line: str, delimiter: str, label: str) -> list[str]:
    """The cells of a line."""
    if not delimiter:
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:  # a cell beyond the bound of Python's own reader
        raise DataError(f"{label}, line {number}: a cell in it is too long.", HINT) from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(lines: Lines, delimiter: str, width: int, label: str) -> NDArray[np.float64]:
    """The numbers of some lines `[rows, width]`. Raises DataError, which names the line."""
    try:
        with np.errstate(over="ignore"):
            values = np.loadtxt([line for _, line in lines], delimiter=delimiter or None, comments=None, ndmin=2)
    except (ValueError, OverflowError):  # quotes, digits of other scripts, or a fault that is to be named
        values = np.empty((0, 0))
    if values.shape != (len(lines), width):
        values = np.array(
            [_row(number, _split(number, line, delimiter, label), width, label) for number, line in lines]
        )
    for place in np.flatnonzero(~(np.abs(values) <= LARGEST).all(1))[:1]:
        number, line = lines[place]
        _refuse(number, _split(number, line, delimiter, label), label)
    return values


def _row(number: int, cells: list[str], width: int, label: str) -> list[float]:
    """The numbers of a line, of any size."""
    if len(cells) != width:
        raise DataError(f"{label}, line {number}: {len(cells)} columns where the others have {width}.", HINT)
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return _refuse(number, cells, label)


def _refuse(number: int, cells: list[str], label: str) -> NoReturn:
    """Raise DataError for the first cell of a line that holds no measured number."""
    for place, cell in enumerate(cells, 1):
        where = f"{label}, line {number}, column {place}"
        if not cell.strip():
            raise DataError(f"{where}: there is no number.", "Fill or remove the line.")
        if not _is_number(cell):
            raise DataError(f"{where}: '{_shown(cell)}' is not a number.", HINT)
        if not abs(float(cell)) <= LARGEST:
            raise DataError(f"{where}: '{_shown(cell)}' is not a measured number.", "Fill or remove the line.")
    raise AssertionError("there was a fault in this line")


def _shown(cell: str) -> str:
    clean = "".join(letter for letter in cell.strip() if letter.isprintable())
    return clean if len(clean) <= 20 else f"{clean[:19]}…"
