"""A data folder from a stream of samples, from any source."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.plain_text import is_plain
from mmlab.tasks.custom.from_arrays import GROUPS, IDS, TARGETS
from mmlab.tasks.custom.manifest import LONGEST_ID, MOST_ROWS, OWN
from mmlab.tasks.custom.safe_paths import LARGEST_FILE
from mmlab.tasks.custom.starting import KINDS, answers_of, check_new, splits_of, task_name, write_task, writing
from mmlab.tasks.custom.task_json import COLUMNS, LEAST, MOST

ANSWERS, SPLIT = (*TARGETS, "class", "cls"), "split"
SPECIAL = frozenset((*ANSWERS, *IDS, *GROUPS, SPLIT))
LARGEST_WHOLE = 2**36  # bytes of all files


@dataclass(frozen=True)
class File:
    """A recording as it would lie in a file; ending: such as `.png`, one of `KINDS`."""

    content: bytes
    ending: str


Value = File | str | NDArray[Any]  # numbers: `[numbers]`, or `[rows, columns]` of a series


@dataclass(frozen=True)
class Sample:
    """What is known of one sample; an input that it lacks is not among its inputs. Empty: not stated."""

    target: str | float
    inputs: Mapping[str, Value]
    id: str = ""
    split: str = ""
    group: str = ""


@dataclass
class _Input:
    """What an input is by its first value, and the numbers of those that are rows."""

    described: Mapping[str, Any]
    rows: list[NDArray[np.float32]] = field(default_factory=list)


def write_from_samples(samples: Iterable[Sample], folder: Path) -> int:
    """Write a task into a folder that is new or empty; the number of samples. Raises DataError.

    Each sample is written as it comes: only numbers and names are kept. Splits that are not stated are drawn.
    """
    check_new(folder)
    with writing(folder):
        try:
            return _write(samples, folder)
        except UnicodeEncodeError as error:  # halves of letters, as JSON may hold them
            shutil.rmtree(folder)
            raise DataError("A text in it is no Unicode.", "Write it as UTF-8.") from error
        except MmlabError:  # what is wrong with a sample is found when others are written already
            shutil.rmtree(folder)
            raise


def _write(samples: Iterable[Sample], folder: Path) -> int:
    inputs: dict[str, _Input] = {}
    known, cells, total = [], [], 0
    for row, sample in enumerate(samples):
        if row >= MOST_ROWS:
            raise DataError(f"There are more than {MOST_ROWS:,} samples.", "Use fewer.")
        total += sum(len(each.content) for each in sample.inputs.values() if isinstance(each, File))
        if total > LARGEST_WHOLE:
            raise DataError(f"Its files have more than {LARGEST_WHOLE >> 30} GB.", "Use fewer.")
        cells.append({name: _written(folder, name, row, each, inputs) for name, each in sample.inputs.items()})
        known.append((sample.id, sample.split, sample.group, sample.target))
    if not known or not LEAST <= len(inputs) <= MOST:
        named = f": {', '.join(inputs)}"[:200] if inputs else ""
        raise DataError(f"There are {len(inputs)} inputs in it{named}.", f"A task has {LEAST} to {MOST}.")
    for name, each in inputs.items():
        if each.rows:
            np.save(folder / f"{name}.npy", np.stack(each.rows))
    _write_manifest(folder, inputs, known, cells)
    return len(known)


def is_input(name: str) -> bool:
    """Whether a name stands for an input, and not for the right answer, an id, a group or a split."""
    return name.lower() not in SPECIAL


def clean(name: str) -> str:
    """A name that an input may have. Raises DataError."""
    found = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40]
    if not found or found in COLUMNS or not found.isidentifier():
        raise DataError(f"'{name[:40]}' cannot name an input.", "Use letters, digits and _, a letter first.")
    return found


def _written(folder: Path, name: str, row: int, value: Value, inputs: dict[str, _Input]) -> str:
    """The cell of a value, which is written to a file or kept as a row. Raises DataError."""
    described = _described(value)
    there = inputs.setdefault(name, _Input(described))
    if {**there.described} != {**described}:
        raise DataError(f"{name} of sample {row} is not what it was in those before.", f"First: {there.described}.")
    if isinstance(value, np.ndarray) and value.ndim == 1:
        there.rows.append(value.astype(np.float32))
        return f"{name}.npy#{len(there.rows) - 1}"
    (folder / name).mkdir(exist_ok=True)
    ending = value.ending if isinstance(value, File) else ".txt" if isinstance(value, str) else ".npy"
    path = folder / name / f"{row}{ending}"
    if isinstance(value, np.ndarray):
        np.save(path, value.astype(np.float32))
    else:
        path.write_bytes(value.encode() if isinstance(value, str) else value.content)
    if path.stat().st_size > LARGEST_FILE:
        raise DataError(f"{name} of sample {row} has more than {LARGEST_FILE // 10**6} MB.", "Make it smaller.")
    return f"{name}/{row}{ending}"


def _described(value: Value) -> Mapping[str, Any]:
    """What task.json says of an input with such a value."""
    if isinstance(value, File):
        return KINDS[value.ending]
    if isinstance(value, str):
        return KINDS[".txt"]
    if value.ndim == 1 and value.size:
        return {"kind": "vector", "size": int(value.size)}
    if value.ndim == 2 and value.size:
        return {"kind": "series", "size": int(value.shape[1])}
    raise DataError(f"Numbers of shape {list(value.shape)} are no input.", "Give a row, or rows [moments, columns].")


def _write_manifest(
    folder: Path,
    inputs: Mapping[str, _Input],
    known: list[tuple[str, str, str, str | float]],
    cells: list[dict[str, str]],
) -> None:
    ids, stated, groups, targets = (list(each) for each in zip(*known, strict=True))
    output, answers = answers_of(_truth(targets))
    if any(stated) and not all(stated):
        raise DataError("Some samples have a split and others have none.", "State it for all or for none.")
    by = [group or f"s{row}" for row, group in enumerate(groups)]
    splits = splits_of([str(each) for each in stated] if all(stated) else [], by)
    sound = len(set(ids)) == len(ids) and all(is_plain(each, LONGEST_ID) and not each.startswith(OWN) for each in ids)
    header = ("id", "split", "target", *(["group"] if any(groups) else []), *inputs)
    rows = [
        (
            str(ids[row]) if sound else f"s{row}",
            splits[row],
            answers[row],
            *([by[row]] if any(groups) else []),
            *(there.get(name, "") for name in inputs),
        )
        for row, there in enumerate(cells)
    ]
    modalities = [{"name": name, **each.described} for name, each in inputs.items()]
    write_task(folder, {"name": task_name(folder), "output": output, "modalities": modalities}, header, rows)


def _truth(targets: list[Any]) -> NDArray[Any]:
    """The right answers: numbers, where all are."""
    try:
        return np.array([float(each) for each in targets])
    except (TypeError, ValueError):
        return np.array([str(each) for each in targets])
