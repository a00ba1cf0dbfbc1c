"""Sequences of features from untrusted `.npy` and CSV files; and back.

Which steps are there is told by the file: a row of NaN alone is no step, and, where padding with zeros is stated,
neither is a row of zeros alone. Other numbers that are not finite (COVAREP gives -inf for what it cannot measure)
become the mean of their column over the steps of the sample, 0 where it has none, and are counted.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import FeatureSequence
from mmlab.modalities.files import check_bytes, shown_name
from mmlab.modalities.npy_array import check_named
from mmlab.modalities.npy_header import NUMPY, npy_header
from mmlab.modalities.series.columns import ARRAY_BYTES, MOST_COLUMNS, chosen, numbered_columns, table_of
from mmlab.modalities.series.csv_table import LARGEST, ROWS, Table

MOST_VALUES = 4_000_000
HINT = "Give a row of numbers per step, as CSV or by numpy.save; a row of NaN is a step that is not there."
Floats = NDArray[np.float64]


def read_sequence(
    content: bytes, name: str = "", columns: tuple[str, ...] = (), size: int = 0, padded: bool = False
) -> FeatureSequence:
    """The wanted columns by name, or all, of which there are `size` where that is stated. Raises DataError.

    padded: a step of zeros alone is not there.
    """
    label = shown_name(name, "The sequence")
    check_bytes(content, label, ARRAY_BYTES, HINT)
    check_named(content, name, label, HINT)
    table = _array(content, label) if content.startswith(NUMPY) else table_of(content, label)
    names = columns or table.names or numbered_columns(table.values.shape[1])
    values = chosen(table, columns, label, size) if columns or size else table.values
    empty = np.isnan(values)
    if padded:
        empty |= values == 0
    return _known(values, np.asarray(~empty.all(1)), names[: values.shape[1]], label)


def encode_sequence(sequence: FeatureSequence) -> bytes:
    """A .npy file `[steps, features]`, with NaN at the steps that are not there."""
    target = io.BytesIO()
    np.save(target, np.where(sequence.there[:, None], sequence.values, np.nan).astype(np.float32), allow_pickle=False)
    return target.getvalue()


def _array(content: bytes, label: str) -> Table:
    """A .npy file of two dimensions; no pickles, and what its header promises is checked first."""
    opened = io.BytesIO(content)
    try:
        shape, _, form = npy_header(opened)
        plain = form.kind in "fiu" and len(shape) == 2 and all(type(side) is int and side >= 0 for side in shape)
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is no .npy file that can be read.", HINT) from error
    if not plain or not 1 <= shape[1] <= MOST_COLUMNS:
        raise DataError(f"{label} is no array of numbers in two dimensions.", HINT)
    steps, count = shape[0], shape[0] * shape[1]
    if count * form.itemsize > len(content) - opened.tell():
        raise DataError(f"{label} is cut off.", "Save it again.")
    if steps > ROWS or count > MOST_VALUES:
        hint = f"Up to {ROWS:,} steps, and {MOST_VALUES // 10**6} million numbers in all."
        raise DataError(f"{label} holds {steps:,} × {shape[1]:,} numbers.", hint)
    values = np.load(io.BytesIO(content), allow_pickle=False).astype(np.float64)
    return Table(values, (), tuple(range(1, steps + 1)), {})


def _known(values: Floats, there: NDArray[np.bool_], names: tuple[str, ...], label: str) -> FeatureSequence:
    """The sequence with a finite number everywhere, zeros where no step is. Raises DataError."""
    wrong = ~np.isfinite(values) & there[:, None]
    known = np.isfinite(values) & there[:, None]
    held = np.where(known, values, 0.0)
    far = float(np.abs(held).max(initial=0.0))
    if far > LARGEST:
        raise DataError(f"{label} holds {far:.3g}, which is not a measured number.", "Fill or remove it.")
    if wrong.any():
        held = np.where(wrong, held.sum(0) / np.maximum(known.sum(0), 1), held)
    return FeatureSequence(held.astype(np.float32), there, names, int(wrong.sum()))
