"""Sweep files: outputs and embeddings of a test set under every combination, compact, tied to a checkpoint.

Made to be small, for every model that is shipped brings one. Logits of several classes are rounded to 1/128, other
answers to half precision; embeddings to `LEVELS` steps between the extremes of their dimension, which moves a
coordinate by at most 1/62 of its range and packs into less than four bits. An embedding of more than `WIDE` numbers
is kept by its `DIRECTIONS` principal ones, and is as wide as it was once it is read. Steps along them are of one size,
`STEPS` along the longest: a direction in which little varies does not deserve finer ones.

A sweep of more than `MOST_VALUES` numbers is kept whole by `large_sweep`; the file holds as many of its samples as
fit, drawn at random, and says from how many.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import CheckpointError
from mmlab.core.results import Floats, Sweep
from mmlab.core.task import TaskInfo
from mmlab.storage import large_sweep, packed_arrays, sweep_rows
from mmlab.storage.bounded_arrays import Headers
from mmlab.storage.checkpoints import SWEEP
from mmlab.storage.sweep_misfit import misfit

VERSIONS = (1, 2, 3)  # the second has principal directions; the third is drawn from more samples
SEED = 0  # of the samples that are drawn
LEVELS = 32
PACKED_WITH = ("low", "scale"), ("basis", "middle")  # what brings an embedding back from steps, and from directions
WIDE, DIRECTIONS = 128, 48  # dimensions
STEPS = 96
FINEST_DIRECTION = 1024  # steps per unit of a direction's coordinates: less than those of the embedding lose
MOST_VALUES = 2**26  # of logits, means and variances together: 256 MB in single precision
WIDEST = 4096  # dimensions of an embedding
FINEST = 128  # steps per unit of a logit
SIDE = 2.0**-14  # what a logit near 0 becomes, with its sign: a label is given above 0, and not at it
COARSEST = 1e-3  # share of the range of numbers that half precision may move one by


def write(path: Path, found: Sweep, exact: bool = False) -> None:
    """Write `found` beside the checkpoint in folder `path`. exact: in single precision, nothing rounded.

    Raises OSError.
    """
    few = drawn(found)
    if few is found:
        large_sweep.remove(path)
    else:
        large_sweep.write(path, found)
    _write(path, few, exact)


def drawn(found: Sweep) -> Sweep:
    """As many of its samples as fit into a file, drawn at random, in their order; itself where all of them do.

    Room for variances counts with and without them, so that the methods of a task are compared on the same samples.
    """
    count, values = len(found.ids), found.logits.size + 2 * found.mean.size
    if values <= MOST_VALUES:
        return found
    kept = max(1, count * MOST_VALUES // values)
    rows = np.sort(np.random.default_rng(SEED).permutation(count)[:kept])
    return replace(found.of_rows(rows), drawn_from=count)


def read_whole(path: Path, digest: str, info: TaskInfo | None = None) -> Sweep:
    """As `read`, with all samples of a sweep that is too large for its file, mapped. Raises CheckpointError."""
    few = read(path, digest, info)
    return (large_sweep.read(path, digest, info, few.drawn_from) or few) if few.drawn_from else few


def _write(path: Path, found: Sweep, exact: bool) -> None:
    shortened = not exact and found.mean.shape[2] > WIDE
    arrays: dict[str, NDArray[np.generic]] = {
        **sweep_rows.arrays_of(found, 3 if found.drawn_from else 2 if shortened else 1),
        "logits": found.logits.astype(np.float32) if exact else _compact(found.logits),
        **({"drawn_from": np.array(found.drawn_from)} if found.drawn_from else {}),
    }
    for name, values in (("mean", found.mean), ("variance", found.variance)):
        if values is not None:
            kept, directions = _shortened(name, values) if shortened else (values, {})
            arrays |= {name: values.astype(np.float32)} if exact else _packed(name, kept, shortened) | directions
    packed_arrays.write(path / SWEEP, arrays)


def read(path: Path, digest: str, info: TaskInfo | None = None) -> Sweep:
    """The sweep of the checkpoint in folder `path`, which must have this digest. info: of the task that it must fit.

    Raises CheckpointError.
    """
    again = "Run `python -m mmlab evaluate --save` to make it again."
    try:
        arrays = packed_arrays.read(path / SWEEP, _check_headers)
        if not sweep_rows.is_of(arrays, digest, VERSIONS):
            raise CheckpointError(f"The sweep of {path.name} belongs to another checkpoint.", again)
        found = Sweep(
            **sweep_rows.fields_of(arrays),
            logits=arrays["logits"].astype(np.float32, copy=False),
            mean=_unpacked("mean", arrays),
            variance=np.maximum(_unpacked("variance", arrays), 0) if "variance" in arrays else None,
            drawn_from=packed_arrays.whole(arrays["drawn_from"]) if "drawn_from" in arrays else 0,
        )
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise CheckpointError(f"The sweep of {path.name} is missing or damaged.", again) from error
    if why := misfit(found, info):
        raise CheckpointError(f"The sweep of {path.name} cannot be used: {why}.", again)
    return found


def _check_headers(headers: Headers) -> None:
    """Whether the shapes fit each other and stay within bounds. Raises ValueError, or KeyError for what is missing."""
    shapes = {name: found.shape for name, found in headers.items()}
    for name in ("mean", "variance"):
        packed, shortened = ([f"{name}_{part}" in shapes for part in parts] for parts in PACKED_WITH)
        if any(packed) != all(packed) or any(shortened) != all(shortened) or any(shortened) > any(packed):
            raise ValueError("it lacks what brings its embedding back")
        if name in shapes and not any(packed) and headers[name].kind.kind != "f":
            raise ValueError("its embedding is packed, and it is not said how")
        if f"{name}_basis" in shapes:  # as wide as it is once it is read
            width, directions = shapes[f"{name}_basis"]
            if (directions,) != shapes[name][2:] or (width,) != shapes[f"{name}_middle"]:
                raise ValueError("its directions do not fit its embedding")
            shapes[name] = (*shapes[name][:2], width)
    count, keys = shapes["ids"][0], shapes["combinations"][0]
    rows = {name: shapes[name] for name in ("logits", "mean", "variance") if name in shapes}
    fits = (
        all(len(shape) >= 2 and shape[:2] == (keys, count) for shape in rows.values())
        and shapes["mean"][2] <= WIDEST
        and shapes.get("variance", shapes["mean"]) == shapes["mean"]
        and len(shapes["mean"]) == len(shapes["logits"][:3]) == 3
        and len(shapes["present"]) == 2
        and shapes["present"][0] == count
        and shapes["target"][:1] == shapes["groups"] == shapes["ids"]
    )
    kinds = [(("ids", "groups", "combinations", "digest"), "U"), (("present",), "b"), (("target",), "iufb")]
    steps = ("_low", "_scale", "_basis", "_middle")
    kinds += [((*rows, *(name for name in shapes if name.endswith(steps))), "fu")]
    if not fits or any(headers[name].kind.kind not in kind for names, kind in kinds for name in names):
        raise ValueError("its arrays do not fit each other")
    if sum(prod(shape) for shape in rows.values()) > MOST_VALUES:
        raise ValueError(f"holds more than {MOST_VALUES:,} values")


def _compact(logits: Floats) -> Floats:
    """Half precision for logits `[K, N, C]`; what stands for those of regions holds counts, which that cannot hold.

    Columns of one kind lie together and without noise in their last bits, so that they pack well.
    """
    if logits.ndim > 3:
        return np.round(logits, 3).astype(np.float32)
    several = logits.ndim == 3 and logits.shape[2] > 2
    with np.errstate(over="ignore"):
        half = (_stepped(logits) if several else logits).astype(np.float16)
    is_number = logits.shape[-1] == 1  # on a scale of its own, which may be far from 0 or go into the thousands
    if is_number and np.abs(half - logits).max() > COARSEST * np.ptp(logits):
        return logits.astype(np.float32)
    return half


def _stepped(logits: Floats) -> Floats:
    steps = np.round(logits * FINEST) / FINEST
    return np.asarray(np.where(steps == 0, np.sign(logits) * SIDE, steps))


def _shortened(name: str, values: Floats) -> tuple[Floats, dict[str, NDArray[np.generic]]]:
    """`[K, N, D]` by its principal directions, `[K, N, DIRECTIONS]`, and what brings it back from there."""
    rows = values.reshape(-1, values.shape[2]).astype(np.float64)
    middle = rows.mean(0)
    _, found = np.linalg.eigh(np.cov(rows.T))
    basis = (np.round(found[:, : -DIRECTIONS - 1 : -1] * FINEST_DIRECTION) / FINEST_DIRECTION).astype(np.float16)
    along = ((rows - middle) @ basis).astype(np.float32)
    directions = {f"{name}_basis": basis, f"{name}_middle": middle.astype(np.float32)}
    return along.reshape(*values.shape[:2], DIRECTIONS), directions


def _packed(name: str, values: Floats, alike: bool) -> dict[str, NDArray[np.generic]]:
    """Codes and what brings the values back from them. alike: with steps of one size in all columns."""
    steps, low, scale = packed_arrays.in_steps(values, STEPS if alike else LEVELS)
    if alike:
        steps, scale = steps * (scale / scale.max()), np.full_like(scale, scale.max())
    codes = np.round(steps).astype(np.uint8)
    return {name: codes, f"{name}_low": low.astype(np.float32), f"{name}_scale": scale.astype(np.float32)}


def _unpacked(name: str, arrays: dict[str, NDArray[np.generic]]) -> Floats:
    if f"{name}_low" not in arrays:
        return arrays[name].astype(np.float32, copy=False)
    values = arrays[name].astype(np.float32)  # changed in place: the largest array of a sweep is not held three times
    with np.errstate(invalid="ignore", over="ignore"):  # of a damaged file, which `misfit` refuses
        values *= arrays[f"{name}_scale"].astype(np.float32)
        values += arrays[f"{name}_low"].astype(np.float32)
        if f"{name}_basis" in arrays:
            values = values @ arrays[f"{name}_basis"].astype(np.float32).T
            values += arrays[f"{name}_middle"].astype(np.float32)
    return values
