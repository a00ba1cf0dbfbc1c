"""Built splits cached on disk: one npz per key, in the user's cache folder. Safe for concurrent builders and kills."""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.storage import bounded_arrays
from mmlab.storage.bounded_zip import Bounds
from mmlab.storage.cache_folder import cache_folder

Arrays = Mapping[str, NDArray[np.generic]]
CHECKSUM = "checksum"
BOUNDS = Bounds(64, 2**31, (zipfile.ZIP_STORED,))  # stored as they are: no more than the file itself holds


def cache_key(*parts: object) -> str:
    """A short name for everything that a split depends on."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def file_of(name: str) -> Path:
    """Where the arrays that are stored under `name` lie."""
    return cache_folder() / f"{name}.npz"


def load(name: str) -> dict[str, NDArray[Any]] | None:
    """The arrays stored under `name`, or nothing where there are none or the file is damaged."""
    try:
        found = bounded_arrays.arrays(file_of(name), BOUNDS)
        arrays = {key: values.copy() for key, values in found.items()}  # for torch, which takes none that is read only
        stored = str(arrays.pop(CHECKSUM))
        return arrays if stored == _checksum(arrays) else None
    except Exception:  # absent or damaged in any of numpy's, zipfile's or zlib's ways: it is built again
        return None


def save(name: str, arrays: Arrays) -> None:
    """Store under a temporary name first; a reader never sees half a file. A full or read-only disk is no error."""
    folder = cache_folder()
    temporary = folder / f"{name}.{os.getpid()}-{secrets.token_hex(4)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as target:
            np.savez(target, allow_pickle=False, **arrays, **{CHECKSUM: np.array(_checksum(arrays))})
        os.replace(temporary, file_of(name))
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _checksum(arrays: Arrays) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for key in sorted(arrays):
        value = np.ascontiguousarray(arrays[key])
        digest.update(f"{key}{value.dtype}{value.shape}".encode())
        digest.update(value.data if value.dtype.kind != "U" else value.tobytes())
    return digest.hexdigest()
