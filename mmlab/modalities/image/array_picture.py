"""Arrays of numbers as images: the usual format of small images, spectrograms and depth maps."""

from __future__ import annotations

import io
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture
from mmlab.modalities.files import check_bytes, shown_name
from mmlab.modalities.image.decode import PICTURE_SIDE
from mmlab.modalities.npy_array import check_finite

ARRAY_BYTES = 64_000_000
HINT = "Save it with numpy.save as [height, width] or [height, width, 3], whole numbers from 0 to 255 or of any range."


def read_array(content: bytes, name: str, ends: tuple[float, float]) -> Picture:
    """A picture from a .npy file; a single row of numbers is a square, and of a stack that is no
    colour picture each part lies below the one before. Raises DataError.

    ends: what becomes black and white of numbers that are no bytes; a white of 0 is 1 for numbers with a point, and the
    highest of their type for whole ones.
    """
    label = shown_name(name, "The array")
    check_bytes(content, label, ARRAY_BYTES, HINT)
    try:
        values = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is no .npy file that can be read.", HINT) from error
    values = _as_picture(values, label)
    if values.dtype == np.uint8 and not ends[1]:
        return Picture(values)
    check_finite(values, label)
    black, white = ends[0], ends[1] or (1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max))
    if black >= white:
        raise DataError(f"{black:g} is black, which is not below {white:g}, the white.", 'Give "white" in task.json.')
    share = np.clip((values.astype(np.float64) - black) / (white - black), 0, 1)
    return Picture(np.round(share * 255).astype(np.uint8), f"{black:.6g} is black and {white:.6g} is white.")


def _as_picture(values: NDArray[Any], label: str) -> NDArray[Any]:
    side = isqrt(values.size) if values.ndim == 1 else 0
    if side and side * side == values.size:
        values = values.reshape(side, side)
    if values.ndim == 3 and values.shape[2] != 3:
        values = values.reshape(-1, values.shape[2])
    plain = values.ndim == 2 or (values.ndim == 3 and values.shape[2] == 3)
    if values.dtype.kind not in "fiu" or not plain or not 2 <= min(values.shape[:2]) <= max(values.shape[:2]):
        raise DataError(f"{label} has the shape {' × '.join(map(str, values.shape))}, which is not a picture.", HINT)
    if max(values.shape[:2]) > PICTURE_SIDE * 8:
        raise DataError(f"{label} is too large for a picture.", f"Up to {PICTURE_SIDE * 8:,} a side.")
    return values
