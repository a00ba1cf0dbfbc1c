"""Rows of one large .npy array: the usual format of the features of a whole data set."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.npy_header import NUMPY, npy_header
from mmlab.modalities.series.csv_table import LARGEST

ARRAYS = 6  # kept open: one per input
HINT = "Save it with numpy.save as [samples, numbers] of float16, float32 or float64."


def row_of(content: bytes, wanted: str, size: int, label: str) -> NDArray[np.floating]:
    """Row `wanted`, counted from 0, of the array `[samples, size]` in a .npy file. Raises DataError."""
    array = _array(content, label)
    if array.shape[1] != size:
        raise DataError(
            f"{label} has {array.shape[1]:,} numbers in a row and should have {size:,}.",
            f'Write "size": {array.shape[1]} in task.json, or give {size:,}.',
        )
    if not (wanted.isdecimal() and int(wanted) < len(array)):
        raise DataError(f"{label} has no row '{wanted[:12]}'.", f"It has 0 to {len(array) - 1:,}.")
    row = array[int(wanted)]
    if not np.isfinite(row).all() or float(np.abs(row).max(initial=0)) > LARGEST:
        raise DataError(
            f"Row {int(wanted):,} of {label} has values that are not finite numbers.", "Fill or remove them."
        )
    return np.array(row, np.float64 if row.dtype == np.float64 else np.float32)


def in_one_row(content: bytes) -> bytes:
    """A file as it is; an array of three or more axes, such as [moments, microphones, 2], with its numbers in a row."""
    if not content.startswith(NUMPY):
        return content
    opened = io.BytesIO(content)
    try:
        shape, fortran, form = npy_header(opened)
        if fortran or len(shape) < 3 or form.kind not in "fiu":
            return content
        values = np.frombuffer(content, form, int(np.prod(shape, dtype=object)), opened.tell())
    except Exception:  # NumPy raises ValueError, EOFError, tokenize errors and more; the reader has a sentence for it
        return content
    target = io.BytesIO()
    np.lib.format.write_array(target, values, allow_pickle=False)
    return target.getvalue()


@lru_cache(maxsize=ARRAYS)
def _array(content: bytes, label: str) -> NDArray[Any]:
    """A view of the numbers in the file; no pickles, and what its header promises is checked first."""
    opened = io.BytesIO(content)
    try:
        shape, fortran, form = npy_header(opened)
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is no .npy file, of which a row could be taken.", HINT) from error
    if form.kind not in "fiu" or len(shape) != 2 or not all(type(side) is int and side > 0 for side in shape):
        raise DataError(f"{label} is no array of rows of numbers.", HINT)
    count = int(shape[0]) * int(shape[1])
    if count * form.itemsize > len(content) - opened.tell():
        raise DataError(f"{label} is cut off.", "Save it again.")
    values = np.frombuffer(content, form, count, opened.tell())
    return values.reshape(shape, order="F" if fortran else "C")
