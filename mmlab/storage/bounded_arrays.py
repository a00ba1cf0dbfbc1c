"""Untrusted arrays in NumPy's formats: their headers are read and bounded before memory is allocated. No pickle.

>>> values = bounded_arrays.array(content, most=2**20)               # one `.npy`
>>> arrays = bounded_arrays.arrays(path, Bounds(64, 2**28, EVERY))   # an `.npz`
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.storage.bounded_zip import Bounds, DamagedArchive, opened

LONGEST_HEADER = 2**14
KINDS = "biufU"  # truth values, numbers and text
MOST_SIDES = 8


class DamagedArray(ValueError):
    """What holds no array that is used here. Its text completes a sentence: 'it ...'."""


@dataclass(frozen=True)
class Header:
    """What an array says of itself; start: where its values begin."""

    shape: tuple[int, ...]
    kind: np.dtype[Any]
    by_columns: bool
    start: int

    @property
    def count(self) -> int:
        """How many values it has."""
        return prod(self.shape)


Headers = Mapping[str, Header]


def header(content: bytes) -> Header:
    """The header at the start of an `.npy`. Raises DamagedArray."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        reads = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, by_columns, kind = reads[version](stream, max_header_size=LONGEST_HEADER)
    except Exception as error:  # NumPy reads it by the tokenizer and the parser of Python, with all of their errors
        raise DamagedArray("is no array of NumPy, or damaged") from error
    sides = all(type(side) is int and side >= 0 for side in shape)  # True counts as a whole number, and is no side
    if kind.kind not in KINDS or kind.itemsize == 0 or not sides or len(shape) > MOST_SIDES:
        raise DamagedArray("holds something else than numbers or text")
    return Header(shape, kind, by_columns, stream.tell())


def array(content: bytes, most: int) -> NDArray[Any]:
    """The array in the content of an `.npy`, of at most `most` values, read only. Raises DamagedArray."""
    found = header(content[: 2 * LONGEST_HEADER])
    if found.count > most:
        raise DamagedArray(f"holds {found.count:,} values, more than {most:,}")
    return _values(content, found)


def arrays(
    source: bytes | Path,
    bounds: Bounds,
    check: Callable[[Headers], None] = lambda found: None,
    only: Collection[str] | None = None,
) -> dict[str, NDArray[Any]]:
    """All arrays of an `.npz`, or `only` those of these names, read only.

    check: sees the headers before a value is unpacked, and may raise.
    Raises OSError where a file cannot be read, DamagedArchive and DamagedArray.
    """
    with opened(source, bounds) as archive:
        if not all(name.endswith(".npy") for name in archive.names):
            raise DamagedArray("holds something else than arrays")
        wanted = [name for name in archive.names if only is None or name[:-4] in only]
        headers = {name: header(archive.start(name, 2 * LONGEST_HEADER)) for name in wanted}
        for name, found in headers.items():
            if found.start + found.count * found.kind.itemsize != archive.size(name):
                raise DamagedArray(f"holds an array of another size than its shape ({name[:40]})")
        check({name[:-4]: found for name, found in headers.items()})
        return {name[:-4]: _values(archive.read(name, bounds.total), found) for name, found in headers.items()}


def _values(content: bytes, found: Header) -> NDArray[Any]:
    if len(content) != found.start + found.count * found.kind.itemsize:
        raise DamagedArray("holds another number of values than its shape")
    values = np.frombuffer(content, found.kind, found.count, found.start) if found.count else np.empty(0, found.kind)
    if found.kind.kind == "U":
        _check_text(values)
    return values.reshape(found.shape, order="F" if found.by_columns else "C")


def _check_text(values: NDArray[np.str_]) -> None:
    """Raises DamagedArray for numbers that stand for no character, which Python refuses in ways of its own."""
    codes = values.view(values.dtype.byteorder + "u4") if values.size else np.empty(0, np.uint32)
    if bool(((codes > sys.maxunicode) | ((codes >= 0xD800) & (codes < 0xE000))).any()):
        raise DamagedArray("holds text that is none")


__all__ = ["Bounds", "DamagedArchive", "DamagedArray", "Header", "Headers", "array", "arrays", "header"]
