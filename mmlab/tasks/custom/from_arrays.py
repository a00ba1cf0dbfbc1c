"""A data folder from one `.npz` of features: arrays `[samples, numbers]` or `[samples, steps, numbers]`, and the
targets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.plain_text import is_plain
from mmlab.storage.bounded_arrays import DamagedArray, arrays
from mmlab.storage.bounded_zip import Bounds, DamagedArchive
from mmlab.tasks.custom.manifest import LONGEST_ID, OWN, SPLITS
from mmlab.tasks.custom.starting import answers_of, check_new, splits_of, task_name, write_task, writing
from mmlab.tasks.custom.task_json import COLUMNS, LEAST, MOST

LARGEST = 2**31  # bytes of all arrays
LENGTHS, MOST_STEPS = "_lengths", 1000
TARGETS, IDS, GROUPS = ("y", "target", "targets", "label", "labels"), ("id", "ids"), ("group", "groups")
LAYOUT = (
    "Give text_train, text_test, y_train, y_test; or text, audio, y with as many rows each, and split if you have it."
)
Arrays = Mapping[str, NDArray[Any]]


def write_from_arrays(source: Path, folder: Path) -> int:
    """Write a task of vectors and of sequences into a folder that is new or empty; the number of samples.

    A sequence has as many steps in each sample as an array of its name and `_lengths` says; without one, steps of zeros
    alone at an end are padding. Right answers `[samples, labels]` of zeros and ones are multi-label outputs, named
    by an array `classes`. Arrays end in `_train`, `_valid` and `_test`, or all samples are in one array per input.
    Where there is no validation part, a fifth of the training groups is it; where there is no split at all, it is drawn
    under a fixed seed, group by group. Raises DataError.
    """
    check_new(folder)
    try:
        found = arrays(source, Bounds(64, LARGEST))
    except (OSError, DamagedArchive, DamagedArray) as error:
        raise DataError(f"'{source.name}' is no .npz that can be read.", LAYOUT) from error
    whole, split = _joined(found)
    truth = _one(whole, TARGETS)
    if truth is None or truth.ndim not in (1, 2) or not truth.size:
        raise DataError(f"'{source.name}' has no right answers.", f"Name them {' or '.join(TARGETS[:2])}. {LAYOUT}")
    inputs = _inputs(whole, len(truth))
    ids, groups = _texts(_one(whole, IDS), len(truth)), _texts(_one(whole, GROUPS), len(truth))
    split = splits_of(split, groups or [str(row) for row in range(len(truth))])
    named = _one(found, ("classes",))
    output, cells = answers_of(truth, [] if named is None else [str(each) for each in named.reshape(-1)])
    unique = bool(ids) and len(set(ids)) == len(ids)
    names = ids if unique and all(is_plain(each, LONGEST_ID) and not each.startswith(OWN) for each in ids) else []
    rows = [
        (
            names[row] if names else f"s{row}",
            split[row],
            cells[row],
            *([groups[row]] if groups else []),
            *(f"{key}.npy#{row}" if each.ndim == 2 else f"{key}.npz#{key}.{row}" for key, each in inputs.items()),
        )
        for row in range(len(truth))
    ]
    lengths = {key: _one(whole, (f"{key}{LENGTHS}",)) for key in inputs}
    modalities = [_modality(key, each, lengths[key]) for key, each in inputs.items()]
    task = {"name": task_name(folder), "output": output, "modalities": modalities}
    header = ("id", "split", "target", *(["group"] if groups else []), *inputs)
    with writing(folder):
        for key, each in inputs.items():
            _write(folder, key, each.astype(np.float32), lengths[key])
        write_task(folder, task, header, rows)
    return len(rows)


def _modality(name: str, values: NDArray[Any], lengths: NDArray[Any] | None) -> dict[str, Any]:
    """An input as task.json names it."""
    if values.ndim == 2:
        return {"name": name, "kind": "vector", "size": int(values.shape[1])}
    padded = lengths is None and not values[:, [0, -1]].any(2).all()
    steps = min(int(values.shape[1]), MOST_STEPS)
    found = {"name": name, "kind": "sequence", "size": int(values.shape[2]), "steps": steps}
    return {**found, "padded": True} if padded else found


def _write(folder: Path, name: str, values: NDArray[np.float32], lengths: NDArray[Any] | None) -> None:
    """Rows as an array, sequences as an archive with their lengths."""
    if values.ndim == 2:
        np.save(folder / f"{name}.npy", values)
        return
    held: dict[str, NDArray[Any]] = {name: values}
    if lengths is not None:
        held[f"{name}{LENGTHS}"] = lengths
    np.savez(folder / f"{name}.npz", allow_pickle=False, **held)


def _joined(found: Arrays) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Arrays of all samples, and the split of each; no splits where the arrays are not parted."""
    parts = {split: _of_split(found, split) for split in SPLITS}
    if not parts["train"]:
        whole = {name: each for name, each in found.items() if name not in ("split", "splits")}
        stated = _one(found, ("split", "splits"))
        return whole, [] if stated is None else [str(each) for each in stated]
    there = [split for split in SPLITS if parts[split]]
    common = [name for name in parts["train"] if all(name in parts[split] for split in there)]
    try:
        whole = {name: np.concatenate([parts[split][name] for split in there]) for name in common}
    except ValueError as error:
        raise DataError("The parts of an input have different shapes.", LAYOUT) from error
    split: list[str] = []
    for name in there:
        truth = _one(parts[name], TARGETS)
        split += [name] * (0 if truth is None else len(truth))
    return whole, split


def _of_split(found: Arrays, split: str) -> dict[str, NDArray[Any]]:
    ends = (f"_{split}", *(["_val", "_dev"] if split == "valid" else []))
    return {name[: -len(end)]: each for name, each in found.items() for end in ends if name.endswith(end)}


def _one(found: Arrays, names: Sequence[str]) -> NDArray[Any] | None:
    """The first array of these names, in whatever case."""
    by_name = {name.lower(): each for name, each in found.items()}
    return next((by_name[name] for name in names if name in by_name), None)


def _inputs(whole: Arrays, count: int) -> dict[str, NDArray[Any]]:
    """The arrays of numbers with a row per sample, under names that a column may have."""
    others = {*TARGETS, *IDS, *GROUPS, "classes"}
    found = {}
    for name, each in whole.items():
        clean = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40]
        if name.lower() in others or each.dtype.kind not in "fiub" or len(each) != count:
            continue
        if each.ndim in (2, 3) and each.size and clean and clean not in COLUMNS:
            found[clean] = each
    if not LEAST <= len(found) <= MOST:
        what = "arrays [samples, numbers] or [samples, steps, numbers]"
        raise DataError(f"There are {len(found)} {what}; a task has {LEAST} to {MOST}.", LAYOUT)
    return found


def _texts(found: NDArray[Any] | None, count: int) -> list[str]:
    return [] if found is None or found.ndim != 1 or len(found) != count else [str(each) for each in found]
