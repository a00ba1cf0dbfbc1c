"""Pen strokes to a path of evenly spaced points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Raw, Strokes
from mmlab.core.spans import divisor
from mmlab.core.task import PreparedInput
from mmlab.modalities.path.decode import check_drawn
from mmlab.modalities.reading import reading

PATH_POINTS = 16


def prepare_strokes(strokes: Raw) -> PreparedInput:
    """Strokes as 16 points `[2, 16]` (x, y) at equal steps along the path, in [-1, 1], aspect kept.

    Strokes are joined by straight lines, as in the pendigits recordings. Raises DataError for an empty drawing.
    """
    if not isinstance(strokes, Strokes):
        raise DataError("This is not a drawing.", "Draw a digit.")
    check_drawn(strokes)
    points = np.concatenate(strokes.strokes).astype(np.float64)
    notes = []
    if len(strokes.strokes) > 1:
        notes.append(f"Joined {len(strokes.strokes)} strokes in the order they were drawn.")
    path = resample_path(points, PATH_POINTS)
    low, high = path.min(0), path.max(0)
    path = (path - (low + high) / 2) * (2 / divisor(float((high - low).max())))
    return reading(np.ascontiguousarray(path.T, dtype=np.float32), notes)


def resample_path(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """`count` points at equal distances along a path `[n, 2]`."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    places = np.linspace(0, along[-1], count)
    return np.stack([np.interp(places, along, points[:, axis]) for axis in (0, 1)], axis=1)
