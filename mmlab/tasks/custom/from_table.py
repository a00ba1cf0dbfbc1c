"""A data folder from one table: a line per sample, with numbers, texts and file paths."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from mmlab.core.errors import DataError
from mmlab.tasks.custom.from_arrays import GROUPS, IDS, TARGETS
from mmlab.tasks.custom.manifest import cells_of
from mmlab.tasks.custom.safe_paths import content_of, file_of
from mmlab.tasks.custom.starting import KINDS, answers_of, check_new, splits_of, task_name, write_task, writing
from mmlab.tasks.custom.task_json import COLUMNS, LEAST, MOST

CLASSES = (*TARGETS, "class")
LAYOUT = "Give a column target, and inputs such as audio_0, audio_1, text_0 (numbers), words, or paths of files."
Columns = Mapping[str, Sequence[str]]


def write_from_table(source: Path, folder: Path) -> int:
    """Write a task into a folder that is new or empty; the number of samples. Raises DataError.

    Columns of numbers belong to one input where their names begin alike (`audio_0`, `audio_1`); those without such a
    beginning are the input `numbers`. A column of paths is an input of its own, whose files are copied; any other is a
    text. An empty cell is a missing input.
    """
    check_new(folder)
    table = _table(source)
    target = _named(table, CLASSES)
    if target is None:
        raise DataError(f"'{source.name}' has no column for the right answers.", f"Name it target. {LAYOUT}")
    count, special = len(table[target]), {target}
    ids, groups, split = (_named(table, names) for names in (IDS, GROUPS, ("split",)))
    special |= {name for name in (ids, groups, split) if name is not None}
    inputs, cells = _inputs({name: each for name, each in table.items() if name not in special}, source.parent)
    output, answers = answers_of(_typed(table[target]))
    of_group = table[groups] if groups is not None else [str(row) for row in range(count)]
    splits = splits_of(list(table[split]) if split is not None else [], of_group)
    names = table[ids] if ids is not None else [f"s{row}" for row in range(count)]
    group = [of_group] if groups is not None else []
    with writing(folder):
        copied = [_copied(source.parent, folder, name, cells[name], inputs[name]) for name in inputs]
        rows = [tuple(row) for row in zip(names, splits, answers, *group, *copied, strict=True)]
        header = ("id", "split", "target", *(["group"] if group else []), *inputs)
        modalities = [{"name": name, **described} for name, described in inputs.items()]
        write_task(folder, {"name": task_name(folder), "output": output, "modalities": modalities}, header, rows)
    return count


def _table(source: Path) -> dict[str, list[str]]:
    """The cells of each column by its name. Raises DataError."""
    try:
        lines = list(cells_of(content_of(source.parent, source.name).decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{source.name}' is not CSV in UTF-8.", "Save it as CSV in UTF-8.") from error
    if len(lines) < 2:
        raise DataError(f"'{source.name}' has no samples.", LAYOUT)
    header = [name.strip() for name in lines[0][1]]
    odd = next((number for number, cells in lines if len(cells) != len(header)), 0)
    if odd or len(set(header)) != len(header):
        where = f"Line {odd} has another number of cells than the first" if odd else "Two columns have one name"
        raise DataError(f"{where}.", "Mend it, and try again.")
    return {name: [cells[place].strip() for _, cells in lines[1:]] for place, name in enumerate(header)}


def _named(table: Columns, names: Sequence[str]) -> str | None:
    by_name = {name.casefold(): name for name in table}
    return next((by_name[name] for name in names if name in by_name), None)


def _inputs(table: Columns, home: Path) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """What task.json says of each input, and its cells."""
    inputs: dict[str, dict[str, Any]] = {}
    cells: dict[str, list[str]] = {}
    numbers: dict[str, list[str]] = {}
    for column, values in table.items():
        there = [value for value in values if value]
        if there and all(map(_is_number, there)):
            beginning, between, _ = re.split(r"([_.:\-]|$)", column, maxsplit=1)
            numbers.setdefault(_clean(beginning if between else "numbers"), []).append(column)
        elif there:
            kind = KINDS.get(Path(there[0]).suffix.lower()) if _is_file(home, there[0]) else None
            inputs[_clean(column)] = dict(kind or {"kind": "text", "inline": True})
            cells[_clean(column)] = list(values)
    for name, columns in numbers.items():
        inputs[name] = {"kind": "vector", "columns": columns, "inline": True}
        rows = zip(*(table[column] for column in columns), strict=True)
        cells[name] = [" ".join(row) if all(row) else "" for row in rows]
    if not LEAST <= len(inputs) <= MOST:
        raise DataError(f"There are {len(inputs)} inputs in it; a task has {LEAST} to {MOST}.", LAYOUT)
    return inputs, cells


def _copied(home: Path, folder: Path, name: str, cells: Sequence[str], described: Mapping[str, Any]) -> list[str]:
    """The cells of an input; files are copied to where the cells then say. Raises DataError and OSError."""
    if described.get("inline"):
        return list(cells)
    (folder / name).mkdir()
    found = []
    for row, cell in enumerate(cells):
        path = f"{name}/{row}{''.join(Path(cell).suffixes[-2:]) if cell.endswith('.gz') else Path(cell).suffix}"
        if cell:
            shutil.copyfile(file_of(home, cell), folder / path)
        found.append(path if cell else "")
    return found


def _typed(cells: Sequence[str]) -> np.ndarray:
    """The right answers as numbers, where all are."""
    return np.array([float(cell) for cell in cells]) if all(map(_is_number, cells)) else np.array(cells)


def _is_number(cell: str) -> bool:
    try:
        return isfinite(float(cell))
    except ValueError:
        return False


def _is_file(home: Path, cell: str) -> bool:
    try:
        return file_of(home, cell).is_file()
    except DataError:
        return False


def _clean(name: str) -> str:
    """A name that an input may have. Raises DataError."""
    found = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40]
    if not found or found in COLUMNS:
        raise DataError(f"The column '{name[:40]}' cannot name an input.", "Use letters, digits and _.")
    return found
