"""Rows of a manifest as recordings, and as arrays for training."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.file_stamp import ABSENT, Stamp, stamp_of
from mmlab.core.long_work import with_progress
from mmlab.core.recordings import Raw
from mmlab.core.task import PreparedInput
from mmlab.modalities.array_file import ENDINGS, row_bytes, row_in
from mmlab.modalities.files import numbered
from mmlab.tasks.custom.label_maps import LabelMap, check_alike, label_map, regions
from mmlab.tasks.custom.manifest import LEAST_TRAINING, Row
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.safe_paths import LARGEST_FILE, content_of, file_of, names_in
from mmlab.tasks.custom.scales import Moments, Quartiles, Scale, measured, scaled
from mmlab.tasks.custom.task_json import Description, Input

SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}
Arrays = dict[str, NDArray[Any]]
Scales = Mapping[str, Scale]
OnContent = Callable[[Row, str, bytes], None]


def recording(description: Description, name: str, cell: str, on_content: Callable[[bytes], None] | None = None) -> Raw:
    """What a cell holds or names, decoded. Raises DataError."""
    item = description[name]
    if item.inline:
        return item.kind.read(cell.encode(), "")
    path, number = _parted(item, cell)
    if number and _is_cut_out(description.folder, item, path):
        content, label = row_bytes(file_of(description.folder, path), number), path
    elif number:
        content, label = _shared(description.folder, path), cell
    else:
        content, label = _content(description.folder, item, path), cell
    found = item.kind.read(content, label)
    if on_content is not None:
        on_content(item.kind.part_of(found) if number and item.kind.shares_files else content)
    return found


def _parted(item: Input, cell: str) -> tuple[str, str]:
    """The path in a cell, and the number of what of the file is meant, where it says one."""
    if item.kind.takes_rows and not item.kind.numbered:
        return row_in(cell)
    return numbered(cell) if item.kind.numbered else (cell, "")


def _is_cut_out(folder: Path, item: Input, path: str) -> bool:
    """Whether the row of an array is read alone. A kind that knows rows takes small .npy files whole, once for all."""
    if not item.kind.takes_rows or not path.lower().endswith(ENDINGS):
        return False
    whole = item.kind.knows_arrays and path.lower().endswith(".npy")
    return not whole or file_of(folder, path).stat().st_size > LARGEST_FILE


def _shared(folder: Path, path: str) -> bytes:
    """A file that many rows name, read once in a while. Raises DataError."""
    return _shared_content(folder, path, _stamp(folder, path))


@lru_cache(maxsize=8)
def _shared_content(folder: Path, path: str, stamp: Stamp) -> bytes:
    return content_of(folder, path)


def path_of(item: Input, cell: str) -> str:
    """The path in a cell, without the number that may follow it."""
    return _parted(item, cell)[0]


def _content(folder: Path, item: Input, path: str) -> bytes:
    """All that a path stands for, as one file. Raises DataError."""
    names = _chosen(folder, item, path)
    if names is None:
        return item.kind.joined({file: content_of(folder, file) for file in item.kind.files(path)})
    return item.kind.gathered({name: content_of(folder, f"{path}/{name}") for name in names})


def _chosen(folder: Path, item: Input, path: str) -> tuple[str, ...] | None:
    """Of the files in a folder that a path names those that are read; None where it names no folder."""
    names = names_in(folder, path) if item.kind.takes_folders else None
    return None if names is None else item.kind.chosen(names)


def files_of(folder: Path, item: Input, path: str) -> tuple[str, ...]:
    """The files that a path stands for; of a folder those that are read. Raises DataError."""
    names = _chosen(folder, item, path)
    return item.kind.files(path) if names is None else tuple(f"{path.rstrip('/')}/{name}" for name in names)


def known_files(folder: Path, item: Input, path: str) -> tuple[str, ...]:
    """The same; the path itself where that cannot be said: reading it will say why."""
    try:
        return files_of(folder, item, path)
    except DataError:
        return (path,)


def is_there(folder: Path, item: Input, path: str) -> bool:
    """Whether all files are there that a path stands for."""
    try:
        return all(file_of(folder, each) for each in files_of(folder, item, path))
    except DataError:
        return False


def paths_of(description: Description, row: Row, names: Iterable[str]) -> list[str]:
    """The files that a row names for these modalities, and its label map."""
    items = [(description[name], row.cells[name]) for name in names if name in row.cells]
    given = [(item, path_of(item, cell)) for item, cell in items if not item.inline]
    found = [file for item, path in given for file in known_files(description.folder, item, path)]
    if description.has_label_maps:
        found.append(numbered(str(row.target))[0])
    return found


def state_of(description: Description, paths: Iterable[str]) -> tuple[tuple[str, Stamp], ...]:
    """What tells one version of files from another. One that cannot be had is `ABSENT`: reading it will say why."""
    return tuple((path, _stamp(description.folder, path)) for path in dict.fromkeys(paths))


def contents_of(description: Description, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The digest of what each file holds, wherever the folder lies; empty for one that cannot be had."""
    return tuple((path, _digest(description.folder, path, _stamp(description.folder, path))) for path in paths)


def _stamp(folder: Path, path: str) -> Stamp:
    try:
        return stamp_of(file_of(folder, path))
    except DataError:
        return ABSENT


@lru_cache(maxsize=1_000_000)
def _digest(folder: Path, path: str, stamp: Stamp) -> str:
    """Of this version of a file."""
    if stamp == ABSENT:
        return ""
    digest = hashlib.blake2b(digest_size=16)
    with suppress(OSError), file_of(folder, path).open("rb") as opened:
        while piece := opened.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def case_of(description: Description, row: Row) -> str:
    """The group of a row; where it names none and is a slice of a volume, the volume."""
    volume, number = numbered(str(row.target)) if description.has_label_maps else ("", "")
    return volume if number and row.group == row.id else row.group


def region_maps(description: Description, row: Row) -> NDArray[np.bool_ | np.int8]:
    """Regions `[R, H, W]`, or `[R, D, H, W]`, from the label map of a row, as large as the model's inputs. Raises
    DataError."""
    return regions(description, row, label_map(description, row))


def prepared(
    description: Description,
    row: Row,
    problems: Problems,
    on_content: OnContent | None = None,
    on_labels: Callable[[LabelMap], None] | None = None,
) -> tuple[dict[str, PreparedInput], Any]:
    """What a model sees of a row, unscaled, and its target; what cannot be used is left out and goes to `problems`."""
    target, labels = row.target, None
    if description.has_label_maps:
        try:
            labels = label_map(description, row)
            target = regions(description, row, labels)
            if on_labels is not None:
                on_labels(labels)
        except MmlabError as error:
            problems.caught(error, row.line, "target")
    return _readings(description, row, problems, on_content, labels), target


def _readings(
    description: Description,
    row: Row,
    problems: Problems,
    on_content: OnContent | None = None,
    labels: LabelMap | None = None,
) -> dict[str, PreparedInput]:
    found: dict[str, PreparedInput] = {}
    for name, cell in row.cells.items():
        try:
            raw = recording(description, name, cell, partial(on_content, row, name) if on_content else None)
            if labels is not None:
                check_alike(description, row, path_of(description[name], cell), raw, labels)
            found[name] = description[name].kind.prepare(raw)
        except MmlabError as error:
            problems.caught(error, row.line, name)
    return found


def usable(description: Description, row: Row, problems: Problems) -> Row | None:
    """A row without the inputs that could not be used, of which `problems` tell; None where too little is left of it.

    As it is, unless task.json says `"missing": "drop"`.
    """
    lost = {problem.column for problem in problems.found if problem.is_error and description.drops}
    if "target" in lost:
        return None
    cells = {name: cell for name, cell in row.cells.items() if name not in lost}
    return replace(row, cells=cells) if cells else None


def scales_of(description: Description, rows: Sequence[Row]) -> dict[str, Scale]:
    """Mean and spread of each row of each standardised modality, over the training samples. Raises DataError."""
    problems = Problems()
    found: dict[str, Scale] = {}
    for item in (item for item in description.inputs if item.kind.standardised):
        name, made = item.modality.name, Quartiles if item.kind.robust else Moments
        moments = made(item.kind.scaled_rows)
        having = [row for row in rows if name in row.cells and row.split == "train"]
        for row in with_progress(f"Finding the scale of '{item.modality.label}'", having):
            for reading in _readings(description, replace(row, cells={name: row.cells[name]}), problems).values():
                moments.add(measured(item.kind, reading.tensor))
        found[name] = moments.scale()
    if not description.drops:
        problems.raise_first(description.folder)
    return found


def ready_rows(
    description: Description, rows: Sequence[Row], scales: Scales, problems: Problems
) -> Iterator[tuple[Row, dict[str, NDArray[np.float32]], Any]]:
    """Each row that can be used, its inputs as a model sees them and its target; what is wrong goes to `problems`."""
    split = SPLIT_NAMES[rows[0].split] if rows else ""
    for row in with_progress(f"Reading the {split} samples", rows):
        of_row = Problems()
        readings, target = prepared(description, row, of_row)
        if usable(description, row, of_row) is None:
            continue
        if not description.drops:
            problems.extend(of_row)
        yield row, {name: on_scale(description, scales, name, each).numpy() for name, each in readings.items()}, target


def on_scale(description: Description, scales: Scales, name: str, made: PreparedInput) -> Tensor:
    """What was prepared of an input, on the scale of the training samples."""
    return scaled(made.tensor, scales.get(name), description[name].kind.measured(made.tensor))


def check_enough(description: Description, rows: Sequence[Row], kept: int, problems: Problems) -> None:
    """Raise DataError for the first problem, or where so few of the rows of a split can be used."""
    problems.raise_first(description.folder)
    split = rows[0].split if rows else ""
    if kept < (LEAST_TRAINING if split == "train" else 1):
        hint = f"See why: python -m mmlab check {quote(str(description.folder))}"
        raise DataError(f"Too few samples of {split} can be used: {kept} of {len(rows):,}.", hint)


def labels_of(description: Description, kept: Sequence[Row]) -> Arrays:
    """The ids and groups of rows, as arrays."""
    return {"ids": np.array([row.id for row in kept]), "groups": np.array([case_of(description, row) for row in kept])}


def stacked(description: Description, rows: Sequence[Row], scales: Scales) -> Arrays:
    """A split as arrays: `[N, *shape]` per modality in half precision, and its labels. Raises DataError."""
    modalities = description.info.modalities
    arrays: Arrays = {item.name: np.zeros((len(rows), *item.shape), np.float16) for item in modalities}
    present = np.zeros((len(rows), len(modalities)), bool)
    targets: list[Any] = []
    kept: list[Row] = []
    problems = Problems()
    for row, readings, target in ready_rows(description, rows, scales, problems):
        for name, values in readings.items():
            arrays[name][len(kept)] = values
            present[len(kept), modalities.names.index(name)] = True
        targets.append(target)
        kept.append(row)
    check_enough(description, rows, len(kept), problems)
    arrays, present = {name: value[: len(kept)] for name, value in arrays.items()}, present[: len(kept)]
    target = description.info.output.stacked(targets)
    return {**arrays, "present": present, "target": target, **labels_of(description, kept)}
