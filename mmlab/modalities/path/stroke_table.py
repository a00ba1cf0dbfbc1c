"""Pen strokes as a table: a row per point with `x` and `y`, downwards, and which stroke it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.core.errors import DataError
from mmlab.core.recordings import Strokes
from mmlab.modalities.files import short_number
from mmlab.modalities.series.csv_table import Table, read_table

HINT = "Use a CSV file with the columns stroke, x, y: a row per point, y downwards; without stroke all is one stroke."
STROKES = ("stroke", "line", "segment")  # what the column of strokes may be called


def strokes_of_table(content: bytes, label: str) -> Strokes:
    """The strokes in a CSV file, in the order of its rows. Raises DataError."""
    try:
        table = read_table(content, label)
    except DataError as error:  # its hint is one for recordings
        raise DataError(str(error.args[0]), HINT) from error
    stroke, x, y = _columns(table, label)
    points = table.values[:, [x, y]].astype(np.float32)
    if stroke is None:
        return Strokes((points,))
    starts = np.flatnonzero(np.diff(table.values[:, stroke])) + 1
    return Strokes(tuple(np.split(points, starts)))


def encode_table(strokes: Strokes) -> bytes:
    """The same strokes as such a file, with coordinates to two decimals."""
    rows = [
        f"{number},{short_number(x)},{short_number(y)}"
        for number, stroke in enumerate(strokes.strokes, 1)
        for x, y in stroke.tolist()
    ]
    return ("\n".join(["stroke,x,y", *rows]) + "\n").encode()


def _columns(table: Table, label: str) -> tuple[int | None, int, int]:
    """The places of stroke (None without), x and y: by their names, or all that there are. Raises DataError."""
    names = [name.strip().lower() for name in table.names]
    if not names and table.values.shape[1] in (2, 3):
        return (None, 0, 1) if table.values.shape[1] == 2 else (0, 1, 2)
    if "x" not in names or "y" not in names:
        raise DataError(f"{label} has no columns x and y.", HINT)
    return _first(names, STROKES), names.index("x"), names.index("y")


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
