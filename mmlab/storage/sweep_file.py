"""Sweep files: outputs and embeddings of a test set under every combination, compact, tied to a checkpoint.

Made to be small, for every model that is shipped brings one. Logits of several classes are rounded to 1/128, other
answers to half precision; embeddings to `LEVELS` steps between the extremes of their dimension, which moves a
coordinate by at most 1/62 of its range and packs into less than four bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import CheckpointError
from mmlab.core.results import Floats, Sweep
from mmlab.storage import packed_arrays
from mmlab.storage.checkpoints import SWEEP

VERSION = 1
LEVELS = 32
FINEST = 128  # steps per unit of a logit
COARSEST = 1e-3  # share of the range of numbers that half precision may move one by


def write(path: Path, found: Sweep, exact: bool = False) -> None:
    """Write `found` beside the checkpoint in folder `path`. exact: in single precision, nothing rounded."""
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION),
        "digest": np.array(found.digest),
        "combinations": np.array(found.combinations),
        "logits": found.logits.astype(np.float32) if exact else _compact(found.logits),
        "target": found.target,
        "present": found.present,
        "ids": np.array(found.ids),
        "groups": np.array(found.groups),
    }
    for name, values in (("mean", found.mean), ("variance", found.variance)):
        if values is not None:
            arrays |= {name: values.astype(np.float32)} if exact else _packed(name, values)
    packed_arrays.write(path / SWEEP, arrays)


def read(path: Path, digest: str) -> Sweep:
    """The sweep of the checkpoint in folder `path`, which must have this digest. Raises CheckpointError."""
    again = "Run `python -m mmlab evaluate --save` to make it again."
    try:
        arrays = packed_arrays.read(path / SWEEP)
        if packed_arrays.whole(arrays["version"]) != VERSION or str(arrays["digest"]) != digest:
            raise CheckpointError(f"The sweep of {path.name} belongs to another checkpoint.", again)
        return Sweep(
            combinations=tuple(arrays["combinations"].tolist()),
            logits=arrays["logits"].astype(np.float32),
            mean=_unpacked("mean", arrays),
            variance=_unpacked("variance", arrays) if "variance" in arrays else None,
            target=arrays["target"],
            present=arrays["present"],
            ids=tuple(arrays["ids"].tolist()),
            groups=tuple(arrays["groups"].tolist()),
            digest=digest,
        )
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise CheckpointError(f"The sweep of {path.name} is missing or damaged.", again) from error


def _compact(logits: Floats) -> Floats:
    """Half precision for logits `[K, N, C]`; what stands for those of regions holds counts, which that cannot hold.

    Columns of one kind lie together and without noise in their last bits, so that they pack well.
    """
    if logits.ndim > 3:
        return np.round(logits, 3).astype(np.float32)
    several = logits.ndim == 3 and logits.shape[2] > 2
    with np.errstate(over="ignore"):
        half = (np.round(logits * FINEST) / FINEST if several else logits).astype(np.float16)
    is_number = logits.shape[-1] == 1  # on a scale of its own, which may be far from 0 or go into the thousands
    if is_number and np.abs(half - logits).max() > COARSEST * np.ptp(logits):
        return logits.astype(np.float32)
    return half


def _packed(name: str, values: Floats) -> dict[str, NDArray[np.generic]]:
    steps, low, scale = packed_arrays.in_steps(values, LEVELS)
    codes = np.round(steps).astype(np.uint8)
    return {name: codes, f"{name}_low": low.astype(np.float32), f"{name}_scale": scale.astype(np.float32)}


def _unpacked(name: str, arrays: dict[str, NDArray[np.generic]]) -> Floats:
    if f"{name}_low" not in arrays:
        return arrays[name].astype(np.float32)
    codes, low, scale = (arrays[key].astype(np.float32) for key in (name, f"{name}_low", f"{name}_scale"))
    return codes * scale + low
