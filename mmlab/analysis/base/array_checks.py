"""Checks before anything is computed from arrays: finite, of the right shape, one row per combination."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]


def finite(values: ArrayLike, name: str, dimensions: int | None = None) -> Numbers:
    """`values` as float64, not empty. Raises ValueError for NaN, infinity or another number of dimensions."""
    array = np.asarray(values, np.float64)
    if dimensions is not None and array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions, not the shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, and has the shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite: {np.count_nonzero(~np.isfinite(array))} values are NaN or infinite.")
    return array


def labels_of(labels: ArrayLike, samples: int, classes: int) -> Labels:
    """Right classes `int64 [N]`. Raises ValueError unless there is one in `[0, classes)` for each sample."""
    array = np.asarray(labels)
    if array.shape != (samples,):
        raise ValueError(f"labels must have the shape ({samples},), not {array.shape}.")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"labels must be integers, not {array.dtype}.")
    if samples and not 0 <= int(array.min()) <= int(array.max()) < classes:
        raise ValueError(f"labels must lie in [0, {classes}), and reach from {array.min()} to {array.max()}.")
    return array.astype(np.int64)


def same_length(**arrays: NDArray[Any]) -> None:
    """Raises ValueError unless all have as many rows as the first."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"One entry per sample is needed in each, and the lengths differ: {said}.")


def modality_count(values: NDArray[Any], name: str = "values") -> int:
    """M of an array `[2**M, ...]`. Raises ValueError for another number of rows."""
    rows = len(values) if values.ndim else 0
    if rows < 2 or rows & (rows - 1):
        raise ValueError(f"{name} must have 2**M rows, one per combination and one for nothing present, not {rows}.")
    return rows.bit_length() - 1
