"""A file of outputs, `outputs.npz`: for every view that needs no model, for JAX, TensorFlow, an API, a published paper.

logits  [K, N, C]   of K combinations (2^M - 1, by size, then in the order of the names; or those of `combinations`)
target  [N]         the right answers
names   [M]         of the modalities
and, where there are: classes [C]; low, high for numbers; combinations [K], such as "image-sound"; embedding and
variance [K, N, D]; ids, groups [N]; present bool [N, M]
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.core.errors import DataError
from mmlab.core.modality import NAME, Modalities, Modality
from mmlab.core.outputs import Classification, Multilabel, Output, Regression
from mmlab.core.plain_text import without_controls
from mmlab.core.results import Sweep
from mmlab.foreign.packing import letters_of
from mmlab.storage import bounded_arrays
from mmlab.storage.bounded_arrays import Bounds, DamagedArchive, DamagedArray, Headers

MOST_VALUES, MOST_NAMES = 2**26, 8
BOUNDS = Bounds(64, 2**30)
LARGEST = 1e30  # of a scale: what lies between its ends is a number in single precision, too
KNOWN = {  # of each array: the kinds that it may be of, as NumPy abbreviates them, and its dimensions
    "logits": ("fiu", 3),
    "target": ("fiub", 1),
    "names": ("U", 1),
    "classes": ("Uiu", 1),
    "low": ("fiu", 0),
    "high": ("fiu", 0),
    "combinations": ("U", 1),
    "embedding": ("fiu", 3),
    "variance": ("fiu", 3),
    "ids": ("Uiu", 1),
    "groups": ("Uiu", 1),
    "present": ("biu", 2),
}


@dataclass(frozen=True)
class Outputs:
    """What such a file holds, checked."""

    modalities: Modalities
    output: Output
    found: Sweep


def write_outputs(
    path: str | Path,
    logits: ArrayLike | Mapping[str, ArrayLike],
    target: ArrayLike,
    names: Sequence[str],
    *,
    classes: Sequence[str] | None = None,
    scale: tuple[float, float] | None = None,
    embedding: ArrayLike | Mapping[str, ArrayLike] | None = None,
    variance: ArrayLike | Mapping[str, ArrayLike] | None = None,
    ids: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    present: ArrayLike | None = None,
) -> Path:
    """Write a file for `python -m mmlab open`. Raises DataError for inconsistent arguments.

    logits: `[K, N, C]`, or one `[N, C]` per combination key such as `"image-sound"`. target: `[N]`, or `[N, L]` of
    zeros and ones for multi-label classification. scale: low and high, for regression.

    >>> logits = {"image": [[2.0, 0.0]], "sound": [[0.0, 1.0]], "image-sound": [[2.0, 1.0]]}
    >>> mmlab.write_outputs("theirs.npz", logits, [0], ["image", "sound"], classes=["cup", "hat"]).name
    'theirs.npz'
    """
    keys = list(logits) if isinstance(logits, Mapping) else None
    arrays: dict[str, Any] = {
        "logits": _stacked(logits, keys),
        "target": np.asarray(target),
        "names": np.array(list(names)),
    }
    if keys is not None:
        arrays["combinations"] = np.array(keys)
    if classes is not None:
        arrays["classes"] = np.array(list(classes))
    if scale is not None:
        arrays["low"], arrays["high"] = np.float64(scale[0]), np.float64(scale[1])
    for name, value in (("embedding", embedding), ("variance", variance)):
        if value is not None:
            arrays[name] = _stacked(value, keys)
    for name, value in (("ids", ids), ("groups", groups)):
        if value is not None:
            arrays[name] = np.array(list(map(str, value)))
    if present is not None:
        arrays["present"] = np.asarray(present, bool)
    checked(arrays)
    file = Path(path).with_suffix(".npz")
    np.savez_compressed(file, **arrays)
    return file


def _stacked(values: ArrayLike | Mapping[str, ArrayLike], keys: list[str] | None) -> NDArray[np.float32]:
    if isinstance(values, Mapping):
        if keys is None or set(values) != set(keys):
            raise DataError("Some arrays are given by combination and some are not.", "Give all by the same keys.")
        return np.stack([np.asarray(values[key], np.float32) for key in keys])
    return np.asarray(values, np.float32)


def read_outputs(file: Path) -> Outputs:
    """The answers in a file, which is taken as hostile: no pickle, sizes checked. Raises DataError."""

    def check(found: Headers) -> None:
        if sum(each.count for each in found.values()) > MOST_VALUES:
            raise DataError(f"{file.name} holds more than {MOST_VALUES:,} numbers.", "Write fewer samples.")

    try:
        arrays = bounded_arrays.arrays(file, BOUNDS, check, KNOWN)
    except (OSError, DamagedArchive, DamagedArray) as error:
        message = f"{file.name} is missing, damaged, too large or no npz file of arrays."
        raise DataError(message, "Make it with mmlab.write_outputs.") from error
    return checked(arrays)


def checked(arrays: Mapping[str, NDArray[Any]]) -> Outputs:
    """Everything that can be wrong with such arrays, one sentence each. Raises DataError."""
    _check_forms(arrays)
    names = tuple(str(each) for each in np.atleast_1d(arrays["names"]))
    wrong = [name for name in names if not NAME.fullmatch(name)]
    if wrong or len(set(names)) < len(names):
        shown = without_controls((wrong or names)[0])[:40]
        raise DataError(f"'{shown}' cannot name an input.", "Use a-z, 0-9 and _, each name once.")
    if len(names) > MOST_NAMES:
        raise DataError(f"There are {len(names)} inputs.", f"There can be up to {MOST_NAMES}.")
    letters = letters_of(names)
    modalities = Modalities(
        Modality(name, "vector", (1,), name.replace("_", " ").capitalize(), letter)
        for name, letter in zip(names, letters, strict=True)
    )
    logits, target = np.asarray(arrays["logits"]), np.asarray(arrays["target"])
    keys = tuple(c.key for c in modalities.subsets())
    logits, order = _ordered(arrays, logits, keys)
    if target.shape not in (logits.shape[1:2], logits.shape[1:]):
        raise DataError(
            f"logits has shape {logits.shape} and target {target.shape}.",
            f"They are [{len(keys)}, samples, classes] and [samples]; for several labels at once, [samples, labels].",
        )
    if not all(_is_finite(values) for values in (logits, target)):
        raise DataError("Some logits or right answers are not finite.", "Leave these samples out.")
    output = _output(arrays, logits, target)
    return Outputs(modalities, output, _sweep(arrays, logits, target, keys, names, order))


def _check_forms(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raises DataError for an array that is missing, of another kind or of other dimensions than it is read with."""
    for name in ("logits", "target", "names"):
        if name not in arrays:
            raise DataError(f"There is no '{name}'.", f"There are: {', '.join(arrays)}.")
    for name in (name for name in KNOWN if name in arrays):
        kinds, dimensions = KNOWN[name]
        values = np.atleast_1d(arrays[name]) if dimensions == 1 else np.asarray(arrays[name])
        if values.dtype.kind not in kinds:
            hint = "It holds text." if kinds == "U" else "It holds numbers."
            raise DataError(f"{name} holds values of the kind '{values.dtype}'.", hint)
        several = name == "target" and values.ndim == 2  # of several labels at once
        if (values.ndim != dimensions and not several) or not values.size:
            raise DataError(f"{name} has shape {values.shape}.", f"It has {dimensions} dimensions, none of them empty.")


def _is_finite(values: NDArray[Any]) -> bool:
    """Whether all are, in single precision, in which they are kept."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(values.astype(np.float32)).all())


def _ordered(
    arrays: Mapping[str, NDArray[Any]], logits: NDArray[Any], keys: tuple[str, ...]
) -> tuple[NDArray[Any], list[int]]:
    """Rows in the order of `keys`. Raises DataError where a combination is missing."""
    if "combinations" not in arrays:
        if len(logits) != len(keys):
            raise DataError(
                f"logits holds {len(logits)} combinations, and {len(keys)} are expected.",
                f"In this order: {', '.join(keys[:7])}.",
            )
        return logits, list(range(len(keys)))
    given = list(_names(arrays["combinations"]))
    sorted_given = {"-".join(sorted(each.split("-"))): place for place, each in enumerate(given)}
    wanted = ["-".join(sorted(key.split("-"))) for key in keys]
    missing = [key for key, each in zip(keys, wanted, strict=True) if each not in sorted_given]
    if missing or not len(given) == len(keys) == len(logits):
        raise DataError(
            f"There are no answers for '{(missing or given)[0][:60]}', or for something else, too.",
            f"Needed are: {', '.join(keys[:7])}.",
        )
    order = [sorted_given[each] for each in wanted]
    return logits[order], order


def _output(arrays: Mapping[str, NDArray[Any]], logits: NDArray[Any], target: NDArray[Any]) -> Output:
    if target.ndim == 1 and logits.shape[2] == 1:
        low, high = (float(arrays[name]) if name in arrays else None for name in ("low", "high"))
        if low is None or high is None:
            low, high = float(target.min()), float(target.max())
        if not -LARGEST < low < high < LARGEST or target.min() < low or target.max() > high:
            raise DataError(
                f"The scale from {low:g} to {high:g} does not hold the right answers.", "Give scale=(low, high)."
            )
        return Regression(low, high, (low + high) / 2 if low >= 0 else 0.0)
    count = logits.shape[2]
    classes = _names(arrays["classes"]) if "classes" in arrays else tuple(map(str, range(count)))
    if len(classes) != count or len(set(classes)) < count or not all(map(str.strip, classes)):
        raise DataError(f"There are {len(classes)} classes and {count} columns of logits.", "Give one name per column.")
    if target.ndim == 2:
        if not np.isin(target, (0, 1)).all():
            raise DataError("target is not only zeros and ones.", "It says of each sample which labels it has.")
        return Multilabel(classes)
    if not np.issubdtype(target.dtype, np.integer) or target.min() < 0 or target.max() >= count:
        raise DataError("target does not hold classes from 0.", f"They are whole numbers from 0 to {count - 1}.")
    return Classification(classes)


def _sweep(
    arrays: Mapping[str, NDArray[Any]],
    logits: NDArray[Any],
    target: NDArray[Any],
    keys: tuple[str, ...],
    names: tuple[str, ...],
    order: list[int],
) -> Sweep:
    count = logits.shape[1]
    others: dict[str, NDArray[np.float32] | None] = {}
    for name in ("embedding", "variance"):
        value = np.asarray(arrays[name]) if name in arrays else None
        if value is not None and value.shape[:2] != logits.shape[:2]:
            raise DataError(f"{name} has shape {value.shape}.", f"It is [{len(keys)}, {count}, dimensions].")
        if value is not None and (not _is_finite(value) or (name == "variance" and value.min() < 0)):
            raise DataError(f"{name} holds numbers that are not finite, or negative.", "Leave these samples out.")
        others[name] = None if value is None else value.astype(np.float32)[order]
    ids = _names(arrays["ids"]) if "ids" in arrays else tuple(f"test-{i:04d}" for i in range(count))
    groups = _names(arrays["groups"]) if "groups" in arrays else ids
    present = np.asarray(arrays["present"], bool) if "present" in arrays else np.ones((count, len(names)), bool)
    if len(ids) != count or len(groups) != count or present.shape != (count, len(names)) or len(set(ids)) < count:
        raise DataError("ids, groups or present do not fit the samples.", f"There are {count} samples; ids are unique.")
    kind: type = bool if target.ndim == 2 else np.float32 if logits.shape[2] == 1 else np.int64
    mean = others["embedding"] if others["embedding"] is not None else logits.astype(np.float32)
    if (spread := others["variance"]) is not None and spread.shape != mean.shape:
        raise DataError(f"variance has shape {spread.shape} and embedding {mean.shape}.", "Give both the same.")
    return Sweep(keys, logits.astype(np.float32), mean, others["variance"], target.astype(kind), present, ids, groups)


def _names(found: NDArray[Any]) -> tuple[str, ...]:
    """Names as they may be shown: without marks that turn their direction or cannot be seen."""
    return tuple(without_controls(str(each)) for each in np.atleast_1d(found))


def digest_of(file: Path) -> str:
    """What tells one version of the file from another."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
