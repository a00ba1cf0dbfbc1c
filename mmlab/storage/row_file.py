"""Rows of equal shape in a file in the cache: written one after another, read by index.

They are kept in the smallest way that gives back exactly the same half-precision numbers: pictures of eight bits as
bytes, truth values as bits. Rows are read by position rather than mapped: a map counts against limits on memory
(RLIMIT_AS) and in what a process is seen to hold, and a file that was cut short would end the process. What was read
before comes from the system's own cache of the disk all the same.
"""

from __future__ import annotations

import os
import secrets
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import DataError

STEPS = (np.arange(256) / 255).astype(np.float32).astype(np.float16)  # as pictures are prepared
LEVELS, HALF, BITS, SIGNS = "levels", "half", "bits", "signs"
KEPT = 2  # versions of a split


class RowWriter:
    """Writes rows under a temporary name; `done` gives the file its own, and tells what reading it takes.

    kind: `HALF` for numbers, written as bytes (`LEVELS`) while that loses nothing, `BITS` for truth values, or `SIGNS`
    for those of which some are not known, in bytes with a sign.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], kind: str = HALF) -> None:
        self.path, self.shape = path, shape
        self.kind = kind if kind in (BITS, SIGNS) else LEVELS
        self._sums: list[int] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self._new_part()
        self._file = self._part.open("w+b")

    def add(self, values: NDArray[Any]) -> None:
        """One row of `shape`. Raises OSError."""
        coded = _coded(values, self.kind)
        if coded is None:
            self._widen()
            coded = _coded(values, self.kind)
            assert coded is not None  # half precision takes any number
        self._sums.append(zlib.crc32(coded))
        self._file.write(coded)

    def done(self) -> dict[str, NDArray[Any]]:
        """What `RowFile` needs beside the path. Raises OSError."""
        self._file.close()
        os.replace(self._part, self.path)
        return {"kind": np.array(self.kind), "sums": np.array(self._sums, np.uint32), "shape": np.array(self.shape)}

    def give_up(self) -> None:
        """Remove what was written."""
        self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _widen(self) -> None:
        """Write what was kept as bytes again in half precision: a row came that bytes do not hold."""
        self._file.seek(0)
        self.kind, earlier, before = HALF, self._file, self._part
        self._part = self._new_part()
        self._file = self._part.open("w+b")
        count, self._sums = len(self._sums), []
        for _ in range(count):
            coded = STEPS[np.frombuffer(earlier.read(prod(self.shape)), np.uint8)].tobytes()
            self._sums.append(zlib.crc32(coded))
            self._file.write(coded)
        earlier.close()
        before.unlink()

    def _new_part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


class RowFile:
    """A `RowSource`: the rows of a file that `RowWriter` wrote. Each is held against its checksum when it is read."""

    def __init__(self, path: Path, kind: str, sums: NDArray[np.uint32], shape: tuple[int, ...]) -> None:
        self.path, self.kind, self.sums = path, kind, sums
        self.shape = (len(sums), *shape)
        self.dtype = {BITS: torch.bool, SIGNS: torch.int8}.get(kind, torch.float16)
        self._size = _row_bytes(shape, kind)
        self._lock = threading.Lock()
        self._file = path.open("rb", buffering=0)
        if os.fstat(self._file.fileno()).st_size != self._size * len(sums):
            raise DataError(f"{path.name} in the cache is damaged.", f"Delete it from {path.parent}.")

    @classmethod
    def of(cls, path: Path, stored: Mapping[str, NDArray[Any]]) -> RowFile:
        """The file at `path`, by what `RowWriter.done` said of it. Raises OSError, KeyError and DataError."""
        shape = tuple(int(side) for side in stored["shape"])
        return cls(path, str(stored["kind"]), stored["sums"], shape)

    def read(self, rows: NDArray[np.int64]) -> Tensor:
        """These rows, `[k, *shape]`. Raises DataError where the file changed."""
        coded = np.empty((len(rows), self._size), np.uint8)
        for into, row in zip(coded, rows.tolist(), strict=True):
            if self._fill(into, row * self._size) != self._size or zlib.crc32(into.data) != self.sums[row]:
                raise DataError(f"{self.path.name} in the cache is damaged.", f"Delete it from {self.path.parent}.")
        return torch.from_numpy(_decoded(coded, self.kind, self.shape[1:]))

    def _fill(self, into: NDArray[np.uint8], start: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [into.data], start)
        with self._lock:  # where there is one place in a file for all threads
            self._file.seek(start)
            return self._file.readinto(into.data) or 0

    def __reduce__(self) -> Any:
        return RowFile, (self.path, self.kind, self.sums, self.shape[1:])


def remove_others(folder: Path, split: str, kept: Path) -> None:
    """Remove files of rows of older versions of a split, all but `KEPT` files of each modality."""
    _, _, modality = kept.stem.rpartition(".")
    files = [each for each in folder.glob(f"{split}-*.{modality}.rows") if each != kept]
    for each in sorted(files, key=_changed, reverse=True)[KEPT - 1 :]:
        with suppress(OSError):  # on Windows, one that is read
            each.unlink()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _row_bytes(shape: tuple[int, ...], kind: str) -> int:
    count = prod(shape)
    return {LEVELS: count, HALF: 2 * count, BITS: (count + 7) // 8, SIGNS: count}[kind]


def _coded(values: NDArray[Any], kind: str) -> bytes | None:
    """A row as it is kept; None where that would change it."""
    if kind == BITS:
        return np.packbits(values.reshape(-1)).tobytes()
    if kind == SIGNS:
        return np.ascontiguousarray(values, np.int8).tobytes()
    half = np.ascontiguousarray(values, np.float16).reshape(-1)
    if kind == HALF:
        return half.tobytes()
    whole = np.rint(np.nan_to_num(half.astype(np.float32), nan=-1.0).clip(0, 1) * 255).astype(np.uint8)
    return whole.tobytes() if bool((STEPS[whole].view(np.uint16) == half.view(np.uint16)).all()) else None


def _decoded(coded: NDArray[np.uint8], kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if kind == LEVELS:
        return STEPS[coded].reshape(len(coded), *shape)
    if kind in (HALF, SIGNS):
        return coded.view(np.float16 if kind == HALF else np.int8).reshape(len(coded), *shape)
    bits = np.unpackbits(coded, axis=1, count=prod(shape)).view(bool) if prod(shape) else np.zeros(coded.shape, bool)
    return bits.reshape(len(coded), *shape)
