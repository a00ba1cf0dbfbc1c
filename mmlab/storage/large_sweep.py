"""Sweeps too large for memory: beside `sweep.npz`, which holds a sample of them, all of them in a folder.

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
from mmlab.core.task import TaskInfo
from mmlab.storage import packed_arrays, sweep_rows
from mmlab.storage.atomic_files import hidden, put_folder, remove_folder
from mmlab.storage.bounded_arrays import LONGEST_HEADER, DamagedArray, Headers, header
from mmlab.storage.sweep_misfit import misfit_of_answers, parts

FOLDER, ROWS = "sweep", "rows.npz"
VERSION = 1
VARIANCE = "variance"  # which not every method has
LARGE = ("logits", "mean", VARIANCE)
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


def read(path: Path, digest: str, info: TaskInfo | None = None, count: int = 0) -> Sweep | None:
    """All samples of the model in folder `path`, mapped; None where it was not too large, or is of other weights.

    info: of the task that it must fit; count: how many samples it must have, where that is known.
    Raises CheckpointError for a damaged one, and for one of another task.
    """
    folder = path / FOLDER
    if not is_there(path):
        return None
    again = "Run `python -m mmlab evaluate --save` to make them again."
    try:
        small = packed_arrays.read(folder / ROWS, _check_rows)
        if not sweep_rows.is_of(small, digest, (VERSION,)):
            return None
        shape = len(small["combinations"]), len(small["ids"])
        large = {
            name: _mapped(folder / f"{name}.npy", shape)
            for name in LARGE
            if name != VARIANCE or (folder / f"{name}.npy").is_file()
        }
        if large["mean"].ndim != 3 or large.get(VARIANCE, large["mean"]).shape != large["mean"].shape:
            raise DamagedArray("holds embeddings that do not fit each other")
        found = Sweep(
            logits=large["logits"], mean=large["mean"], variance=large.get(VARIANCE), **sweep_rows.fields_of(small)
        )
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise CheckpointError(f"The stored answers of {path.name} to all samples are damaged.", again) from error
    why = f"it is not of {count:,} samples" if count and count != len(found.ids) else misfit_of_answers(found, info)
    if why:
        raise CheckpointError(f"The sweep of {path.name} over all samples cannot be used: {why}.", again)
    return found


def _check_rows(headers: Headers) -> None:
    """Whether as much is said of samples as there are, in kinds that it can have. Raises ValueError, KeyError."""
    shapes = {name: found.shape for name, found in headers.items()}
    fits = shapes["ids"] == shapes["groups"] == shapes["target"][:1] == shapes["present"][:1]
    kinds = {"ids": "U", "groups": "U", "combinations": "U", "digest": "U", "present": "b", "target": "iufb"}
    sides = len(shapes["present"]) == 2 and len(shapes["ids"]) == len(shapes["combinations"]) == 1
    if not (fits and sides) or any(headers[name].kind.kind not in kind for name, kind in kinds.items()):
        raise DamagedArray("holds something else than what is said of samples")


def _large(found: Sweep) -> Iterator[tuple[str, NDArray[Any]]]:
    yield from (("logits", found.logits), ("mean", found.mean))
    if found.variance is not None:
        yield VARIANCE, found.variance


def _kind(values: NDArray[Any]) -> np.dtype[Any]:
    """Half precision where it holds numbers as large as these."""
    most = max((float(np.abs(part).max()) for part in parts(values)), default=0.0)
    return np.dtype(np.float16 if most < np.finfo(np.float16).max else np.float32)


def _write_array(file: Path, values: NDArray[Any], kind: np.dtype[Any]) -> None:
    with file.open("wb") as opened:
        about = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": values.shape}
        np.lib.format.write_array_header_1_0(opened, about)
        for part in parts(values):
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
