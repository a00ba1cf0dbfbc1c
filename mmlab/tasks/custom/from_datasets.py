"""A data folder from a Hugging Face data set on disk (`save_to_disk`), read without its package.

Its files are Arrow streams, of which only plain columns are read: texts, numbers, lists of numbers, and pictures and
sounds with their bytes in them. No path in it is ever followed, no code of it is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmlab.core.errors import DataError
from mmlab.storage import strict_json
from mmlab.tasks.custom.fixing import usual_split
from mmlab.tasks.custom.from_arrays import GROUPS, IDS
from mmlab.tasks.custom.from_samples import ANSWERS, SPLIT, File, Sample, Value, clean, is_input
from mmlab.tasks.custom.manifest import SPLITS
from mmlab.tasks.custom.safe_paths import LARGEST_FILE, file_of
from mmlab.tasks.custom.starting import joined

STATE, INFO, PARTS = "state.json", "dataset_info.json", "dataset_dict.json"
LARGEST_JSON = 2**24
STARTS = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"fLaC", ".flac"),
    (b"OggS", ".ogg"),
    (b"ID3", ".mp3"),
    (b"\xff\xfb", ".mp3"),
)
HINT = "Write it with save_to_disk, with a column for the right answers: target or label."


def is_saved_data_set(folder: Path) -> bool:
    """Whether `save_to_disk` wrote this folder, as one part or as several."""
    return (folder / PARTS).is_file() or (folder / STATE).is_file()


def samples_of_data_set(folder: Path) -> Iterator[Sample]:
    """The samples of a data set on disk; those of a DatasetDict with their splits. Raises DataError."""
    if not (folder / PARTS).is_file():
        yield from _of_part(folder, "")
        return
    said = _json(folder, PARTS).get("splits")
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise DataError(f"'{PARTS}' names no splits.", HINT)
    for name in said:
        split = usual_split(name)
        if split not in SPLITS:
            raise DataError(f"'{name[:40]}' is no split.", f"Call it {', '.join(SPLITS)}.")
        yield from _of_part(file_of(folder, f"{name}/{STATE}").parent, split)


def _of_part(folder: Path, split: str) -> Iterator[Sample]:
    files = _json(folder, STATE).get("_data_files")
    features = _json(folder, INFO).get("features")
    if not isinstance(files, list) or not isinstance(features, Mapping):
        raise DataError(f"'{STATE}' or '{INFO}' is not what save_to_disk writes.", HINT)
    number = 0
    for each in files:
        for row in _rows(file_of(folder, str(each.get("filename", "") if isinstance(each, Mapping) else ""))):
            yield _sample(row, features, split, number)
            number += 1


def _json(folder: Path, name: str) -> Mapping[str, Any]:
    file = file_of(folder, name)
    if file.stat().st_size > LARGEST_JSON:
        raise DataError(f"'{name}' is too large.", HINT)
    found = strict_json.decode(file.read_bytes(), name, HINT, LARGEST_JSON)
    if not isinstance(found, Mapping):
        raise DataError(f"'{name}' is no object.", HINT)
    return found


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of an Arrow stream, batch by batch, the file mapped and not read. Raises DataError."""
    import pyarrow

    try:
        with pyarrow.memory_map(str(file)) as source, pyarrow.ipc.open_stream(source) as stream:
            for batch in stream:
                batch.validate(full=True)  # offsets that point elsewhere
                for start in range(0, batch.num_rows, 64):
                    yield from batch.slice(start, 64).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"'{file.name}' is no Arrow file that can be read.", HINT) from error


def _sample(row: Mapping[str, Any], features: Mapping[str, Any], split: str, number: int) -> Sample:
    by_name = {name.lower(): name for name in row}
    said = {}
    for what, names in (("target", ANSWERS), ("id", IDS), ("group", GROUPS), ("split", (SPLIT,))):
        column = next((by_name[name] for name in names if name in by_name), None)
        said[what] = None if column is None else _named(row[column], features.get(column))
    if not isinstance(said["target"], str | int | float):
        raise DataError(f"Row {number} has no right answer.", HINT)
    inputs = {}
    for name, value in row.items():
        if is_input(name) and (found := _value(name, value)) is not None:
            inputs[clean(name)] = found
    stated = str(said["split"] or split)
    group, key = ("" if said[name] is None else str(said[name]) for name in ("group", "id"))
    return Sample(said["target"], inputs, key, usual_split(stated), group)


def _named(value: Any, feature: Any) -> Any:
    """A class by its name, where the number has one; of a list of classes, all of them."""
    if isinstance(value, list):
        inside = feature.get("feature") if isinstance(feature, Mapping) else feature[0] if feature else None
        return joined([each if isinstance(each, list) else _named(each, inside) for each in value])
    names = feature.get("names") if isinstance(feature, Mapping) else None
    if isinstance(names, list) and isinstance(value, int) and 0 <= value < len(names):
        return str(names[value])
    return int(value) if isinstance(value, bool) else value


def _value(name: str, value: Any) -> Value | None:
    """What a cell of an input holds; None for an empty one, and for one number, which no input is made of."""
    if isinstance(value, Mapping) and {"bytes", "path"} >= set(value):
        value = value.get("bytes")
        if value is None:
            raise DataError(f"'{name[:40]}' names files and does not hold them.", "Embed them: save_to_disk does.")
    if isinstance(value, bytes):
        if len(value) > LARGEST_FILE:
            raise DataError(f"'{name[:40]}' has more than {LARGEST_FILE // 10**6} MB.", "Make it smaller.")
        return File(value, _ending(name, value))
    if isinstance(value, str):
        return value or None
    if isinstance(value, list) and value:
        try:
            found = np.array(value, np.float32)
        except (TypeError, ValueError) as error:
            raise DataError(f"'{name[:40]}' is no list of numbers.", "Leave the column out.") from error
        return found if found.ndim in (1, 2) else None
    return None


def _ending(name: str, content: bytes) -> str:
    if content[:4] == b"RIFF":
        return ".webp" if content[8:12] == b"WEBP" else ".wav"
    found = next((ending for start, ending in STARTS if content.startswith(start)), None)
    if found is None:
        raise DataError(f"'{name[:40]}' holds no picture and no sound that is known here.", "Leave the column out.")
    return found
