"""Sweeps of more values than memory should hold: beside `sweep.npz`, which draws from them, all of them in a folder.

    sweep/rows.npz          digest, combinations, ids, groups, right answers, what is present
    sweep/logits.npy        [K, N, ...], as exactly as they were computed
    sweep/mean.npy          [K, N, D], in half precision where that holds every number; sweep/variance.npy alike

They are read by memory map: what is not looked at is not read.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import CheckpointError
from mmlab.core.results import Sweep
from mmlab.storage import packed_arrays, sweep_rows
from mmlab.storage.atomic_files import hidden, put_folder, remove_folder
from mmlab.storage.bounded_arrays import LONGEST_HEADER, DamagedArray, header

FOLDER, ROWS = "sweep", "rows.npz"
VERSION = 1
VARIANCE = "variance"  # which not every method has
LARGE = ("logits", "mean", VARIANCE)
PART = 2**22  # numbers that are written at a time
MOST_VALUES = 2**36  # of one array: 256 GB


def write(path: Path, found: Sweep) -> None:
    """Write all of `found` into a folder of the model in folder `path`, whole or not at all. Raises OSError."""
    folder = hidden(path / FOLDER)
    try:
        folder.mkdir(parents=True)
        for name, values in _large(found):
            _write_array(folder / f"{name}.npy", values, _kind(values) if name != "logits" else np.dtype(np.float32))
        packed_arrays.write(folder / ROWS, sweep_rows.arrays_of(found, VERSION))
        put_folder(folder, path / FOLDER)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def remove(path: Path) -> None:
    """Remove what `write` left of an earlier measurement, if anything."""
    remove_folder(path / FOLDER)


def is_there(path: Path) -> bool:
    """Whether the model in folder `path` has answers to more samples than `sweep.npz` holds."""
    return (path / FOLDER / ROWS).is_file()


def read(path: Path, digest: str) -> Sweep | None:
    """All samples of the model in folder `path`, mapped; None where it was not too large, or is of other weights.

    Raises CheckpointError for a damaged one.
    """
    folder = path / FOLDER
    if not is_there(path):
        return None
    try:
        small = packed_arrays.read(folder / ROWS)
        if not sweep_rows.is_of(small, digest, (VERSION,)):
            return None
        shape = len(small["combinations"]), len(small["ids"])
        large = {
            name: _mapped(folder / f"{name}.npy", shape)
            for name in LARGE
            if name != VARIANCE or (folder / f"{name}.npy").is_file()
        }
        return Sweep(
            logits=large["logits"], mean=large["mean"], variance=large.get(VARIANCE), **sweep_rows.fields_of(small)
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        again = "Run `python -m mmlab evaluate --save` to make them again."
        raise CheckpointError(f"The stored answers of {path.name} to all samples are damaged.", again) from error


def _large(found: Sweep) -> Iterator[tuple[str, NDArray[Any]]]:
    yield from (("logits", found.logits), ("mean", found.mean))
    if found.variance is not None:
        yield VARIANCE, found.variance


def _parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """All numbers in their order, some at a time, none of them held twice."""
    flat = values.reshape(-1)
    return (flat[start : start + PART] for start in range(0, flat.size, PART))


def _kind(values: NDArray[Any]) -> np.dtype[Any]:
    """Half precision where it holds numbers as large as these."""
    most = max((float(np.abs(part).max()) for part in _parts(values)), default=0.0)
    return np.dtype(np.float16 if most < np.finfo(np.float16).max else np.float32)


def _write_array(file: Path, values: NDArray[Any], kind: np.dtype[Any]) -> None:
    with file.open("wb") as opened:
        about = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": values.shape}
        np.lib.format.write_array_header_1_0(opened, about)
        for part in _parts(values):
            opened.write(part.astype(kind).tobytes())


def _mapped(file: Path, shape: tuple[int, int]) -> NDArray[Any]:
    """The array in a file, mapped. Raises DamagedArray where it is none of `shape`, or shorter than it says."""
    with file.open("rb") as opened:
        found = header(opened.read(2 * LONGEST_HEADER))
    if found.shape[:2] != shape or len(found.shape) < 3 or found.kind.kind != "f" or found.by_columns:
        raise DamagedArray("holds something else than the answers of these samples")
    if found.count > MOST_VALUES or found.start + found.count * found.kind.itemsize != file.stat().st_size:
        raise DamagedArray("is of another size than its shape")
    if not found.count:
        return np.empty(found.shape, found.kind)
    return np.memmap(file, found.kind, "r", found.start, found.shape)
