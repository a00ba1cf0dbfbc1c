"""Rows of arrays in .npy and .npz files of any size: only the bytes of the row are read.

`features.npy#17` is row 17 of an array; `mosi.npz#train_text.17` is row 17 of `train_text` in an archive of arrays. It
comes out as a small .npy file of its own, so that whatever reads a file reads a row. Where rows have a length of their
own, an array of the same name and `_lengths` says it, as in the files of MMSA, and what lies behind it is cut off.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from mmlab.core.errors import DataError
from mmlab.core.file_stamp import stamp_of
from mmlab.modalities.files import numbered, shown_name
from mmlab.modalities.npy_header import npy_header

ENDINGS = (".npy", ".npz")
LARGEST_ROW = 8_000_000  # numbers
LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a member of a zip: its mark, and how long its name and its extras are
HINT = "Save it with numpy.savez, as an array of float16, float32, float64 or whole numbers."


@dataclass(frozen=True)
class Stored:
    """An array in a file: its shape and type, and the byte at which its numbers begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int


def row_in(cell: str) -> tuple[str, str]:
    """The path of an array's file in a cell and the row; `""` for a cell that names no row of such a file.

    >>> row_in("mosi.npz#train_text.17"), row_in("photo #3.png"), row_in("volume.nii#3")
    (('mosi.npz', 'train_text.17'), ('photo #3.png', ''), ('volume.nii#3', ''))
    """
    path, wanted = numbered(cell)
    return (path, wanted) if wanted and path.lower().endswith(ENDINGS) else (cell, "")


def row_bytes(file: Path, wanted: str) -> bytes:
    """The row as a .npy file. Raises DataError."""
    label = shown_name(file.name, "The array")
    member, _, number = wanted.rpartition(".")
    found = stored_array(file, member)
    if not (number.isdecimal() and int(number) < found.shape[0]):
        raise DataError(f"{label} has no row '{wanted[:60]}'.", f"It has 0 to {found.shape[0] - 1:,}.")
    shape = found.shape[1:]
    if len(shape) > 1 and (length := _length_of(file, member, int(number), found)) is not None:
        shape = (length, *shape[1:])
    count = int(np.prod(shape, dtype=object))
    if count > LARGEST_ROW:
        raise DataError(f"A row of {label} holds {count:,} numbers.", f"It can hold up to {LARGEST_ROW:,}.")
    start = found.start + int(number) * int(np.prod(found.shape[1:])) * found.dtype.itemsize
    content = _bytes_at(file, start, count * found.dtype.itemsize, label)
    target = io.BytesIO()
    np.lib.format.write_array(target, np.frombuffer(content, found.dtype).reshape(shape), allow_pickle=False)
    return target.getvalue()


def _bytes_at(file: Path, start: int, size: int, label: str) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(start)
            content = opened.read(size)
    except OSError as error:
        raise DataError(f"{label} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if len(content) < size:
        raise DataError(f"{label} is cut off.", "Save it again.")
    return content


def _length_of(file: Path, member: str, number: int, found: Stored) -> int | None:
    """How many steps of a row are there, where the archive says so. Raises DataError."""
    name = f"{member}_lengths"
    if not member or name not in members(file):
        return None
    label, lengths = shown_name(file.name, "The array"), stored_array(file, name)
    if lengths.shape != found.shape[:1] or lengths.dtype.kind not in "iu":
        raise DataError(f"'{name[:60]}' of {label} is not a whole number for each row.", HINT)
    start = lengths.start + number * lengths.dtype.itemsize
    length = int(np.frombuffer(_bytes_at(file, start, lengths.dtype.itemsize, label), lengths.dtype)[0])
    if not 0 <= length <= found.shape[1]:
        raise DataError(f"'{name[:60]}' of {label} says {length} of {found.shape[1]} steps.", "Mend that number.")
    return length


def members(file: Path) -> frozenset[str]:
    """The names of the arrays in a .npz file. Raises DataError."""
    try:
        return _members(file, stamp_of(file))
    except (OSError, zipfile.BadZipFile, struct.error) as error:
        raise DataError(f"{shown_name(file.name, 'The file')} is damaged, or cut off.", "Save it again.") from error


@lru_cache(maxsize=64)
def _members(file: Path, stamp: Any) -> frozenset[str]:
    with zipfile.ZipFile(file) as archive:
        return frozenset(name.removesuffix(".npy") for name in archive.namelist())


def stored_array(file: Path, member: str = "") -> Stored:
    """The array in a .npy file, or that of a name in a .npz file. Raises DataError."""
    try:
        return _stored(file, member, stamp_of(file))
    except (OSError, zipfile.BadZipFile, struct.error) as error:
        raise DataError(f"{shown_name(file.name, 'The file')} is damaged, or cut off.", "Save it again.") from error


@lru_cache(maxsize=256)
def _stored(file: Path, member: str, stamp: Any) -> Stored:
    label = shown_name(file.name, "The array")
    with file.open("rb") as opened:
        end = (
            _enter(opened, file, member, label) if file.suffix.lower() == ".npz" else os.fstat(opened.fileno()).st_size
        )
        try:
            shape, fortran, form = npy_header(opened)
        except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
            raise DataError(f"{label} holds no array of which a row could be taken.", HINT) from error
        if form.kind not in "fiu" or not shape or not all(type(side) is int and side > 0 for side in shape):
            raise DataError(f"{label} holds no array of numbers with a row per sample.", HINT)
        if fortran and len(shape) > 1:
            raise DataError(f"{label} keeps its numbers by column.", "Save it as numpy.ascontiguousarray makes it.")
        start = opened.tell()
    if int(np.prod(shape, dtype=object)) * form.itemsize > end - start:
        raise DataError(f"{label} is cut off.", "Save it again.")
    return Stored(shape, form, start)


def _enter(opened: IO[bytes], file: Path, member: str, label: str) -> int:
    """Go to where a member of an archive begins; where it ends. Raises DataError."""
    with zipfile.ZipFile(file) as archive:
        try:
            found = archive.getinfo(f"{member}.npy")
        except KeyError as error:
            names = ", ".join(name.removesuffix(".npy") for name in archive.namelist()[:8])
            raise DataError(f"{label} has no array '{member[:40]}'.", f"It has {names[:200]}.") from error
    if found.compress_type != zipfile.ZIP_STORED:
        raise DataError(f"{label} is compressed, so that no row of it can be read alone.", HINT)
    opened.seek(found.header_offset)
    mark, name, extra = LOCAL_HEADER.unpack(opened.read(LOCAL_HEADER.size))
    if mark != b"PK\x03\x04":
        raise zipfile.BadZipFile
    opened.seek(found.header_offset + LOCAL_HEADER.size + name + extra)
    return opened.tell() + found.file_size
