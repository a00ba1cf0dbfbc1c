"""The sample pack of the task `digits`: the first samples of its built-in test split as real files."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.raw import Raw, Strokes
from mmlab.tasks.readers import (
    encode_picture,
    encode_sound,
    encode_strokes,
    read_picture,
    read_sound,
    read_strokes,
)
from mmlab.tasks.sources.digits import BuiltIn, Item, Recorder
from mmlab.tasks.sources.noise import Noise
from mmlab.tasks.sources.voices import FOLDER

PACK = FOLDER / "pack"
COUNT = 200
SUFFIXES = {"image": ".png", "sound": ".flac", "pen": ".json"}
ENCODE: dict[str, Any] = {"image": encode_picture, "sound": encode_sound, "pen": encode_strokes}
READ: dict[str, Any] = {"image": read_picture, "sound": read_sound, "pen": read_strokes}


def items() -> list[Item]:
    """The samples of the pack, from the generators."""
    recorder = Recorder("test", "built-in", BuiltIn("test"), Noise())
    return [recorder.item(index) for index in range(COUNT)]


def write() -> None:
    """Write the pack from the generators and the bank of voices, in place of what is there."""
    PACK.mkdir(parents=True, exist_ok=True)
    for old in PACK.iterdir():
        old.unlink()
    made = items()
    for item in made:
        for name, raw in item.raw.items():
            (PACK / f"{item.id}{SUFFIXES[name]}").write_bytes(ENCODE[name](raw))
    (PACK / "index.json").write_text(_index_text(made), "utf-8")
    index.cache_clear()


def _index_text(made: list[Item]) -> str:
    rows = [
        {
            "id": item.id,
            "digit": item.digit,
            "speaker": item.speaker,
            "levels": [round(v, 2) for v in item.levels],
        }
        for item in made
    ]
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n"


def differences() -> list[str]:
    """The files of the pack that do not hold, once decoded, what the generators make."""
    made, found = items(), []
    if (PACK / "index.json").read_text("utf-8") != _index_text(made):
        found.append("index.json")
    for item in made:
        for name, raw in item.raw.items():
            pairs = zip(arrays(raw), arrays(recording(item.id, name)), strict=True)
            if not all(_alike(ours, theirs) for ours, theirs in pairs):
                found.append(f"{item.id}{SUFFIXES[name]}")
    return found


def _alike(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    """Equal, but for a step of 8-bit sound here and there: processors round a decoder's last bit differently."""
    if ours.shape != theirs.shape or ours.dtype != np.float32 or ours.ndim != 1:
        return np.array_equal(ours, theirs)
    far = np.abs(ours - theirs)
    return bool(far.max() <= 1 / 128 and (far > 0).mean() <= 0.02)


def arrays(raw: Raw) -> list[NDArray[Any]]:
    """The numbers of a recording, array by array."""
    if isinstance(raw, Strokes):
        return list(raw.strokes)
    return [value for value in vars(raw).values() if isinstance(value, np.ndarray)]


@lru_cache(maxsize=1)
def index() -> dict[str, dict[str, Any]]:
    """What is in the pack, by id, in order."""
    try:
        rows = json.loads((PACK / "index.json").read_text("utf-8"))
        return {row["id"]: row for row in rows}
    except (OSError, ValueError, KeyError) as error:
        raise DataError("The sample pack is missing or damaged.", "Run: python tools/make_digits.py") from error


def file_of(sample: str, modality: str) -> Path:
    """The file of one recording of the pack. Raises UnknownName for a sample that is not in it."""
    if sample not in index():
        raise UnknownName(f"There is no sample '{sample[:40]}'.", f"There are test-0000 to test-{COUNT - 1:04d}.")
    return PACK / f"{sample}{SUFFIXES[modality]}"


def recording(sample: str, modality: str) -> Raw:
    """One recording of the pack, decoded by the readers that uploads go through."""
    path = file_of(sample, modality)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} is missing from the sample pack.", "Run: python tools/make_digits.py") from error
    found: Raw = READ[modality](content, path.name)
    return found
