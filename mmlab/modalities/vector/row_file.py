"""A vector as files that a user could upload."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

from mmlab.core.csv_file import as_csv
from mmlab.core.recordings import Vector


def encode_row(vector: Vector) -> Mapping[str, bytes]:
    """As CSV, with a line of names where they are words, and as a NumPy array, by ending."""
    numbers = [f"{value:.8g}" for value in vector.values]
    named = not all(name.isdecimal() for name in vector.names)
    table = as_csv(vector.names, [numbers]) if named else ",".join(numbers) + "\n"
    array = io.BytesIO()
    np.save(array, vector.values, allow_pickle=False)
    return {"csv": table.encode(), "npy": array.getvalue()}
