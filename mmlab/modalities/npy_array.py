"""Arrays of numbers in untrusted .npy files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.files import check_bytes
from mmlab.modalities.npy_header import NUMPY, npy_header

ZIP = b"PK\3\4"  # how archives of several arrays begin
Check = Callable[[tuple[int, ...], np.dtype[Any]], None]


def loaded(content: bytes, label: str, most: int, hint: str, check: Check) -> NDArray[Any]:
    """The array in a file of at most so many bytes. Raises DataError.

    check: refuses a shape and a type by the header, before a number is read.
    """
    check_bytes(content, label, most, hint)
    try:
        shape, _, form = npy_header(io.BytesIO(content))
        check(shape, form)
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    except DataError:
        raise
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is no .npy file that can be read.", hint) from error


def check_named(content: bytes, name: str, label: str, hint: str) -> None:
    """Raise DataError for a file that is called .npy and is none, before it is taken for text or a scan."""
    if not name.lower().endswith(".npy") or content.startswith(NUMPY):
        return
    if content.startswith(ZIP):
        raise DataError(f"{label} is an archive of arrays (.npz).", "Save one of them with numpy.save.")
    raise DataError(f"{label} is no .npy file that can be read.", hint)


def check_finite(values: NDArray[Any], label: str) -> None:
    """Raise DataError where one of the numbers is none."""
    if not np.isfinite(values).all():
        raise DataError(f"{label} has values that are not finite numbers.", "Fill or remove them.")


def sides(shape: tuple[int, ...]) -> str:
    """A shape as it is told: `2 × 3`."""
    return " × ".join(map(str, shape[:8])) or "no axes"
