"""Arrays that are filled part by part: in memory, or in a temporary file if they are too large for memory.

The file has no name, so that nothing is left of it however the process ends. It is written by position and mapped
once it is full: a page that is written through a map counts as memory of the process until the disk has it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from math import prod
from typing import IO

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import StorageError
from mmlab.storage.cache_folder import cache_folder

Floats = NDArray[np.float32]
KIND = np.dtype(np.float32)


class GrowingArray:
    """`[K, N, ...]` numbers in single precision, of which each part brings some of the N for one of the K.

    on_disk: whether it lies in a file without a name in the cache folder. Raises StorageError where that has no room.
    """

    def __init__(self, shape: Sequence[int], on_disk: bool) -> None:
        self.shape = tuple(shape)
        self._file: IO[bytes] | None = _file(prod(self.shape) * KIND.itemsize) if on_disk else None
        self._values = np.empty(0 if on_disk else self.shape, KIND)

    def put(self, which: int, start: int, part: Floats) -> None:
        """The part `[n, ...]` of row `which` that begins at `start`. Raises StorageError."""
        if self._file is None:
            self._values[which, start : start + len(part)] = part
            return
        place = (which * self.shape[1] + start) * prod(self.shape[2:]) * KIND.itemsize
        try:
            self._file.seek(place)
            self._file.write(np.ascontiguousarray(part, KIND).data)
        except OSError as error:
            raise _no_room() from error

    def full(self) -> Floats:
        """The whole, once every part is there. One on disk is read only, and read where it is looked at."""
        if self._file is None:
            return self._values
        return np.memmap(self._file, KIND, "r", shape=self.shape)


def _file(size: int) -> IO[bytes]:
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        found: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 open as long as the array is
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(found.fileno(), 0, size)  # a full disk is told now, not after hours
        return found
    except OSError as error:
        raise _no_room() from error


def _no_room() -> StorageError:
    return StorageError("The answers to all samples have no room on disk.", f"Make room in {cache_folder()}.")
