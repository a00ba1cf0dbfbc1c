"""The user's real recordings: MNIST images, FSDD voices, pendigits paths, one npz each.

Formats: `mnist.npz` images uint8 [N, 28, 28], labels; `fsdd.npz` pcm int16 (all clips end to end), length, digit,
speaker, sample_rate; `pendigits.npz` points uint8 [N, 8, 2] in 0..100 with y upwards, labels.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.task import Split

FILES = ("mnist.npz", "fsdd.npz", "pendigits.npz")
HINT = "Point --data or MMLAB_DATA to a folder with mnist.npz, fsdd.npz and pendigits.npz (see docs)."
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo")
SHARES: dict[Split, tuple[float, float]] = {"train": (0.0, 0.75), "valid": (0.75, 0.83), "test": (0.83, 1.0)}
Indices = NDArray[np.int64]


def data_folder(folder: str | None = None) -> Path | None:
    """The folder that was given, or that `MMLAB_DATA` names, where it holds all three files."""
    named = folder or os.environ.get("MMLAB_DATA")
    if not named:
        return None
    found = Path(named).expanduser()
    return found if all((found / file).is_file() for file in FILES) else None


@lru_cache(maxsize=6)
def load(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of one file, never unpickled."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile, numpy and zlib each raise their own
        raise DataError(f"{file.name} cannot be read.", HINT) from error


def parts(count: int, split: Split) -> Indices:
    """The rows of a split: a fixed shuffle cut in three, disjoint."""
    order = np.random.default_rng(count).permutation(count)
    first, last = (round(share * count) for share in SHARES[split])
    return np.sort(order[first:last])


def pictures(folder: Path, split: Split) -> tuple[NDArray[np.uint8], Indices]:
    """MNIST pictures `[n, 28, 28]` and their digits."""
    found = load(folder / "mnist.npz")
    rows = parts(len(found["labels"]), split)
    return found["images"][rows], found["labels"][rows].astype(np.int64)


def paths(folder: Path, split: Split) -> tuple[NDArray[np.float32], Indices]:
    """Pen paths `[n, 8, 2]` in 0..100, y downwards, and their digits."""
    found = load(folder / "pendigits.npz")
    rows = parts(len(found["labels"]), split)
    points = found["points"][rows].astype(np.float32)
    points[..., 1] = 100 - points[..., 1]
    return points, found["labels"][rows].astype(np.int64)


def speakers_of(split: Split, held_out: str) -> tuple[str, ...]:
    """Whole speakers: one for test, the next for valid, the others for train."""
    place = SPEAKERS.index(held_out)
    valid = SPEAKERS[(place + 1) % len(SPEAKERS)]
    if split == "train":
        return tuple(name for name in SPEAKERS if name not in (held_out, valid))
    return (held_out,) if split == "test" else (valid,)


def voices(folder: Path, split: Split, held_out: str) -> tuple[list[NDArray[np.float32]], Indices, list[str]]:
    """Waves at 8 kHz in [-1, 1], their digits, their speakers."""
    found = load(folder / "fsdd.npz")
    ends = np.cumsum(found["length"])
    rows = np.flatnonzero(np.isin(found["speaker"], speakers_of(split, held_out)))
    waves = [
        found["pcm"][ends[row] - found["length"][row] : ends[row]].astype(np.float32) / np.float32(32768)
        for row in rows
    ]
    return waves, found["digit"][rows].astype(np.int64), [str(name) for name in found["speaker"][rows]]
