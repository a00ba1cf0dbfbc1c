"""The header of a .npy file, checked before anything is trusted."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

NUMPY = b"\x93NUMPY"  # how such a file begins


def npy_header(opened: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is kept by column, and type; `opened` stands behind it then.

    Raises whatever NumPy does: ValueError, EOFError, tokenize errors and more.
    """
    version = np.lib.format.read_magic(opened)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, form = read(opened)
    return shape, fortran, form
