"""Arrays in small files: `.npz` as NumPy reads it, each array compressed in whichever way makes it smallest.

Coordinates in few steps pack best by arithmetic coding (LZMA), rounded logits by sorting (bzip2), names by repetition
(deflate). Column by column, what is nearly alike lies together: one coordinate of one sample under all combinations.
Where that is smaller, an array is stored so; it is read row by row again. All in all, files are a third smaller than
those of `np.savez_compressed`.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.bounded_arrays import Bounds, DamagedArchive, DamagedArray, Headers, arrays
from mmlab.storage.bounded_zip import EVERY

TRIED = 2**20  # bytes of an array by which its way is chosen
SMALL = 512  # bytes, up to which all ways come to about the same and LZMA takes fifty times as long
LARGEST_FILE = 2**28
BOUNDS = Bounds(64, 2**28 + 2**25, EVERY)
MOST_OF_A_RECORD = 2**24
OF_ZLIB, OF_LZMA = 6, 9  # bytes around what zlib packed; before what LZMA packed, in an archive
WAYS = (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
Floats = NDArray[np.floating]


class DamagedFile(ValueError):
    """A file that does not hold arrays, or not whole ones."""


def write(path: Path, values: Mapping[str, ArrayLike]) -> None:
    """Put `values` into one file at `path`, whole or not at all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, each in values.items():
            content, way = _smallest(np.asarray(each))
            archive.writestr(f"{name}.npy", content, way, 9)
    write_atomically(path, buffer.getvalue())


def read(path: Path, check: Callable[[Headers], None] = lambda found: None) -> dict[str, NDArray[Any]]:
    """All arrays of a file; nothing in it is ever run. check: may refuse their headers before memory is taken for them.

    Raises OSError where there is none, DamagedFile, and what `check` raises.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise DamagedFile(f"{path.name} is larger than {LARGEST_FILE >> 20} MB")
    try:
        found = arrays(path, BOUNDS, check)
    except (DamagedArchive, DamagedArray) as error:
        raise DamagedFile(f"{path.name} {error}") from error
    return {name: np.asarray(values, order="C") for name, values in found.items()}


def in_steps(values: Floats, levels: int) -> tuple[Floats, Floats, Floats]:
    """`[..., d]` as steps, whole ones after rounding, between the extremes of each column, of which there are `levels`.

    Returns steps (NaN stays NaN), the lowest value `[d]`, and how far a step is `[d]`.
    """
    columns = values.reshape(-1, values.shape[-1])
    low, high = np.nanmin(columns, 0), np.nanmax(columns, 0)
    step = np.where(high > low, high - low, 1.0) / (levels - 1)
    return (values - low) / step, low, step


def whole(values: NDArray[Any]) -> int:
    """The whole number that an array without axes holds. Raises DamagedFile for anything else."""
    if values.shape != () or values.dtype.kind not in "iu":
        raise DamagedFile("not one whole number")
    return int(values)


def at_most(values: int) -> Callable[[Headers], None]:
    """A check for `read`: all arrays together hold at most so many values. It raises DamagedFile."""

    def check(found: Headers) -> None:
        if sum(each.count for each in found.values()) > values:
            raise DamagedFile(f"more than {values:,} values")

    return check


def check_kinds(values: Mapping[str, NDArray[Any]], kinds: Mapping[str, str]) -> None:
    """Raise DamagedFile where an array is of none of its kinds, as NumPy abbreviates them; KeyError for one missing."""
    for name, allowed in kinds.items():
        if values[name].dtype.kind not in allowed:
            raise DamagedFile(f"{name} holds values of another kind")


def after(path: Path, page: Mapping[str, NDArray[Any]], epoch: int) -> dict[str, NDArray[Any]]:
    """A record with a row per epoch: those of earlier epochs in the file at `path`, and `page`, one row, after them.

    The page alone where there is no such file, or one of another kind: a record never stops a training.
    """
    try:
        before = read(path, at_most(MOST_OF_A_RECORD)) if epoch else {}
        check_kinds(before, {name: values.dtype.kind for name, values in page.items()})
        earlier = before["epochs"] < epoch
        return {name: np.concatenate([before[name][earlier], values]) for name, values in page.items()}
    except (OSError, KeyError, ValueError, IndexError):
        return dict(page)


def _plain(values: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def _smallest(values: NDArray[np.generic]) -> tuple[bytes, int]:
    """An array as bytes, row by row or column by column, and the way in which they are packed."""
    rows = _plain(np.asarray(values, order="C"))
    if len(rows) <= SMALL:
        return rows, zipfile.ZIP_DEFLATED
    orders = [rows] if values.ndim == 1 else [rows, _plain(np.asfortranarray(values))]
    return min(product(orders, WAYS), key=_size)


def _size(packed: tuple[bytes, int]) -> int:
    """How many bytes a way takes in an archive. LZMA looks for repetitions no further back than there is something:
    making room for more takes longer than a short array."""
    content, way = packed[0][:TRIED], packed[1]
    if way == zipfile.ZIP_DEFLATED:
        return len(zlib.compress(content, 9)) - OF_ZLIB
    if way == zipfile.ZIP_BZIP2:
        return len(bz2.compress(content, 9))
    back = max(4096, 1 << (len(content) - 1).bit_length())
    found = lzma.compress(content, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": back}])
    return len(found) + OF_LZMA
