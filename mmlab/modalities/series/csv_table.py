"""Tables of numbers as text (CSV and its relatives), taken as hostile: bounded, and every complaint names its line.

Commas, semicolons, tabs or spaces between columns; decimal commas where commas do not part columns; one line of
names; comments after `#`. A first line `# mmlab: rate=100 unit=m/s2 start=2.5` says what the table cannot.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.options import option

BYTES, ROWS, COLUMNS, LINE = 8_000_000, 100_000, 64, 4_000
CELL = 40  # characters of a line per column, where more columns may be
LARGEST = 1e19  # nanoseconds since 1970 are near 2e18
SETTINGS = "# mmlab:"
HINT = "Use a CSV file: one row per moment, columns of numbers, a line of names on top if you like."
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
    rows = _cells(lines, label, most_columns)
    names: tuple[str, ...] = ()
    if not any(_is_number(cell) for cell in rows[0][1]):
        names = tuple(cell.strip() for cell in rows.pop(0)[1])
    if not rows:
        raise DataError(f"{label} holds a line of names and no numbers.", HINT)
    if len(rows) > ROWS:
        raise DataError(f"{label} has more than {ROWS:,} rows.", "Use a shorter recording.")
    width = len(names) or len(rows[0][1])
    values = np.array([_numbers(number, cells, width, label) for number, cells in rows])
    return Table(values, names, tuple(number for number, _ in rows), {**settings, **stated.settings()})


def _lines(text: str) -> tuple[list[tuple[int, str]], dict[str, str]]:
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


def _cells(lines: list[tuple[int, str]], label: str, most_columns: int) -> list[tuple[int, list[str]]]:
    """The cells of each line, without an empty one at the end of all of them."""
    longest = max(LINE, CELL * most_columns)
    for number, line in lines:
        if len(line) > longest:
            raise DataError(f"{label}, line {number}: it is longer than {longest:,} characters.", HINT)
    last = lines[-1][1]
    delimiter = next((sign for sign in ";\t," if sign in last), "")
    rows = [(number, list(_split(line, delimiter))) for number, line in lines]
    if all(len(cells) > 1 and not cells[-1].strip() for _, cells in rows):
        rows = [(number, cells[:-1]) for number, cells in rows]
    if (found := max(len(cells) for _, cells in rows)) > most_columns:
        raise DataError(f"{label} has {found:,} columns, which is more than {most_columns:,}.", HINT)
    return rows


def _split(line: str, delimiter: str) -> Iterator[str]:
    if not delimiter:
        yield from line.split()
        return
    for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True)):
        yield cell if delimiter == "," else cell.replace(",", ".")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(number: int, cells: list[str], width: int, label: str) -> list[float]:
    if len(cells) != width:
        raise DataError(f"{label}, line {number}: {len(cells)} columns where the others have {width}.", HINT)
    if (quick := _quick(cells)) is not None:
        return quick
    found = []
    for place, cell in enumerate(cells, 1):
        where = f"{label}, line {number}, column {place}"
        if not cell.strip():
            raise DataError(f"{where}: there is no number.", "Fill or remove the line.")
        if not _is_number(cell):
            raise DataError(f"{where}: '{_shown(cell)}' is not a number.", HINT)
        value = float(cell)
        if not isfinite(value) or abs(value) > LARGEST:
            raise DataError(f"{where}: '{_shown(cell)}' is not a measured number.", "Fill or remove the line.")
        found.append(value)
    return found


def _quick(cells: list[str]) -> list[float] | None:
    """The numbers of a line without fault; nothing where the slow way has to say what is wrong."""
    try:
        found = [float(cell) for cell in cells]
    except ValueError:
        return None
    return found if all(-LARGEST <= value <= LARGEST for value in found) else None


def _shown(cell: str) -> str:
    clean = "".join(letter for letter in cell.strip() if letter.isprintable())
    return clean if len(clean) <= 20 else f"{clean[:19]}…"
