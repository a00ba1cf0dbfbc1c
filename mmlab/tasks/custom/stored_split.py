"""Splits of a folder that are too large for memory: their rows are read once and kept in files in the cache.

Each input whose rows take more than `HELD` has a file of its own, and so have label maps; the rest is held in memory,
as in a small split. The files are known by the content of the folder, so that a copy of it, or a file that was only
touched, makes nothing again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.storage_errors import storage_errors
from mmlab.core.stored_rows import StoredRows
from mmlab.storage import disk_cache
from mmlab.storage.cache_folder import cache_folder
from mmlab.storage.row_file import BITS, HALF, SIGNS, RowFile, RowWriter, remove_others
from mmlab.tasks.custom.manifest import Row
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.samples import Arrays, Scales, check_enough, contents_of, labels_of, paths_of, ready_rows
from mmlab.tasks.custom.task_json import Description

FORMAT = 1  # of the files
HELD = 32 * 2**20  # bytes of an input of a split, in half precision, that are held in memory
TARGET = "target"


def bytes_of(description: Description, count: int) -> dict[str, int]:
    """How much each input of so many samples takes in half precision, and their label maps as truth values."""
    found = {item.name: 2 * count * prod(item.shape) for item in description.info.modalities}
    if description.has_label_maps:
        found[TARGET] = count * prod(_label_rows(description)[0])
    return found


def stored_names(description: Description, count: int) -> list[str]:
    """The inputs (and `target`) of so many samples that are kept on disk; none of a small split."""
    return [name for name, size in bytes_of(description, count).items() if size > HELD]


def check_room(description: Description, split: str, count: int) -> None:
    """Raise DataError where what is to be kept on disk would not fit there. Earlier files of the split give way."""
    sizes = bytes_of(description, count)
    needed = sum(sizes[name] for name in stored_names(description, count))
    if not needed:
        return
    free = _free() + sum(each.stat().st_size for each in cache_folder().glob(f"{description.info.name}-{split}-*.rows"))
    if needed > free:
        hint = f"Make room in {cache_folder()}, name another place (MMLAB_CACHE), or use a smaller size in task.json."
        raise DataError(
            f"{count:,} samples take up to {needed / 2**30:.1f} GB of the cache; {free / 2**30:.1f} GB are free.", hint
        )


def stored_split(description: Description, split: str, rows: Sequence[Row], scales: Scales, version: int) -> Samples:
    """The split, from the files in the cache or built. Raises DataError, and StorageError for a disk that is full."""
    key = f"{description.info.name}-{split}-{_content_key(description, rows, scales, version)}"
    names = stored_names(description, len(rows))
    found = disk_cache.load(key)
    sources = None if found is None else _sources(key, names, found)
    if sources is None:
        with storage_errors():
            found = _built(description, rows, scales, key, names)
            disk_cache.save(key, found)
            sources = {name: RowFile.of(_path(key, name), _of(found, name)) for name in names}
        for name in names:
            remove_others(cache_folder(), f"{description.info.name}-{split}", _path(key, name))
    assert found is not None
    held = {
        name: torch.from_numpy(found[name]) for name in (*description.info.modalities.names, TARGET) if name in found
    }
    values: dict[str, Tensor] = {**held, **{name: StoredRows(source) for name, source in sources.items()}}
    return Samples(
        {name: values[name] for name in description.info.modalities.names},
        torch.from_numpy(found["present"]),
        values[TARGET],
        tuple(found["ids"].tolist()),
        tuple(found["groups"].tolist()),
    )


def _built(
    description: Description, rows: Sequence[Row], scales: Scales, key: str, names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Read every row once: files for the inputs in `names`, arrays for the rest."""
    shapes = {item.name: item.shape for item in description.info.modalities}
    writers = {
        name: RowWriter(_path(key, name), *((shapes[name], HALF) if name in shapes else _label_rows(description)))
        for name in names
    }
    held: dict[str, list[Any]] = {name: [] for name in (*shapes, TARGET) if name not in writers}
    present, kept, problems = [], [], Problems()
    try:
        for row, readings, target in ready_rows(description, rows, scales, problems):
            values = {name: readings.get(name, np.zeros(shape, np.float16)) for name, shape in shapes.items()}
            for name, value in {**values, TARGET: target}.items():
                if name not in writers:
                    held[name].append(value)
                elif not problems.found:  # nothing will come of it
                    writers[name].add(value)
            present.append([name in readings for name in shapes])
            kept.append(row)
        check_enough(description, rows, len(kept), problems)
        stored = {f"{name}.{part}": value for name, writer in writers.items() for part, value in writer.done().items()}
    except BaseException:
        for writer in writers.values():
            writer.give_up()
        raise
    arrays: Arrays = {name: np.stack(held[name]).astype(np.float16) for name in shapes if name in held}
    if TARGET in held:
        arrays[TARGET] = description.info.output.stacked(held[TARGET])
    return {**arrays, **stored, "present": np.array(present), **labels_of(description, kept)}


def _label_rows(description: Description) -> tuple[tuple[int, ...], str]:
    return (len(description.regions), *description.info.places), SIGNS if description.ignored else BITS


def _sources(key: str, names: Sequence[str], found: dict[str, NDArray[Any]]) -> dict[str, RowFile] | None:
    """The files of a split; None where one is not there any more, or cut short."""
    try:
        return {name: RowFile.of(_path(key, name), _of(found, name)) for name in names}
    except (OSError, KeyError, DataError):
        return None


def _of(found: dict[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    return {part: found[f"{name}.{part}"] for part in ("kind", "sums", "shape")}


def _path(key: str, name: str) -> Path:
    return cache_folder() / f"{key}.{name}.rows"


def _content_key(description: Description, rows: Sequence[Row], scales: Scales, version: int) -> str:
    names = description.info.modalities.names
    files = contents_of(description, [path for row in rows for path in paths_of(description, row, names)])
    numbers = [(name, *(part.tobytes() for part in scale)) for name, scale in sorted(scales.items())]
    return disk_cache.cache_key(
        FORMAT, version, HELD, description.settings(), [vars(row) for row in rows], files, numbers
    )


def _free() -> int:
    """Bytes on the disk of the cache, or of the nearest folder above it that there is."""
    folder = cache_folder().absolute()
    return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free
