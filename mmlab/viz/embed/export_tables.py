"""Coordinates and embeddings as tables that other programs read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mmlab.core import csv_file

Columns = Mapping[str, Sequence[object] | NDArray[np.generic]]


def as_csv(columns: Columns) -> bytes:
    """One row per point, comma separated; empty cells for what is not a number."""
    return _separated(columns, ",").encode()


def projector(columns: Columns, vectors: NDArray[np.floating]) -> bytes:
    """A zip with `vectors.tsv` and `metadata.tsv` as the Embedding Projector (projector.tensorflow.org) loads them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        lines = ("\t".join(f"{value:.5g}" for value in row) for row in vectors)
        archive.writestr("vectors.tsv", "\n".join(lines) + "\n")
        archive.writestr("metadata.tsv", _separated(columns, "\t"))
    return buffer.getvalue()


def _separated(columns: Columns, delimiter: str) -> str:
    rows = ([_cell(cell) for cell in row] for row in zip(*columns.values(), strict=True))
    return csv_file.as_csv(columns, rows, delimiter)


def _cell(value: object) -> object:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}" if np.isfinite(value) else ""
    return value
