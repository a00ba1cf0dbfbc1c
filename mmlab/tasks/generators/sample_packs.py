"""Sample packs: the samples that a task ships as real files, read by the readers that uploads go through.

A pack is a folder with `index.json` (a list of rows, each with its `id`) and one file per sample and modality.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Raw, Strokes, Text

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
INDEX = "index.json"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """How one modality is kept: the ending of its files, and the way to bytes and back."""

    suffix: str
    read: Callable[[bytes, str], Raw]
    encode: Callable[[Any], bytes]


@dataclass(frozen=True)
class PackItem:
    """One sample of a pack: what the index says of it (JSON, with an `id`), and its recordings."""

    row: Row
    raw: Mapping[str, Raw]

    @property
    def id(self) -> str:
        """The name of the sample, and of its files."""
        return str(self.row["id"])


class Pack:
    """The pack in `folder`. `formats` by modality; `again` is the command that makes it anew."""

    def __init__(self, folder: Path, formats: Mapping[str, Format], again: str) -> None:
        self.folder, self.formats, self.again = folder, dict(formats), f"Run: {again}"

    @cached_property
    def index(self) -> dict[str, dict[str, Any]]:
        """What is in the pack, by id, in order. Raises DataError."""
        try:
            rows = json.loads((self.folder / INDEX).read_text("utf-8"))
            return {row["id"]: row for row in rows}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError("The sample pack is missing or damaged.", self.again) from error

    def row(self, sample: str) -> dict[str, Any]:
        """What the index says of a sample. Raises UnknownName for one that is not in the pack."""
        if sample not in self.index:
            ids = list(self.index)
            raise UnknownName(f"There is no sample '{sample[:40]}'.", f"There are {ids[0]} to {ids[-1]}.")
        return self.index[sample]

    def file_of(self, sample: str, modality: str) -> Path:
        """The file of one recording. Raises UnknownName."""
        return self.folder / f"{self.row(sample)['id']}{self.formats[modality].suffix}"

    def recording(self, sample: str, modality: str) -> Raw:
        """One recording, decoded as an upload would be. Raises UnknownName and DataError."""
        path = self.file_of(sample, modality)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path.name} is missing from the sample pack.", self.again) from error
        return self.formats[modality].read(content, path.name)

    def recordings(self, sample: str) -> dict[str, Raw]:
        """All recordings of a sample, in the order of the modalities."""
        return {name: self.recording(sample, name) for name in self.formats}

    def write(self, items: Iterable[PackItem]) -> None:
        """Write the pack in place of what is there."""
        made = list(items)
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        for item in made:
            for name, raw in item.raw.items():
                (self.folder / f"{item.id}{self.formats[name].suffix}").write_bytes(self.formats[name].encode(raw))
        (self.folder / INDEX).write_text(_index_text(made), "utf-8")
        self.__dict__.pop("index", None)

    def differences(self, items: Iterable[PackItem]) -> list[str]:
        """The files that do not hold, once decoded, what the generators make."""
        made, found = list(items), []
        if (self.folder / INDEX).read_text("utf-8") != _index_text(made):
            found.append(INDEX)
        for item in made:
            for name, raw in item.raw.items():
                if not alike(raw, self.recording(item.id, name)):
                    found.append(f"{item.id}{self.formats[name].suffix}")
        return found


def _index_text(items: Iterable[PackItem]) -> str:
    rows = [json.dumps(dict(item.row), separators=(",", ":"), ensure_ascii=False) for item in items]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def arrays(raw: Raw) -> list[NDArray[Any]]:
    """The numbers of a recording, array by array; a text has none."""
    if isinstance(raw, Strokes):
        return list(raw.strokes)
    return [value for value in vars(raw).values() if isinstance(value, np.ndarray)]


def alike(ours: Raw, theirs: Raw) -> bool:
    """Equal, but for a step of 8-bit sound here and there: processors round a decoder's last bit differently."""
    if isinstance(ours, Text) or isinstance(theirs, Text):
        return ours == theirs
    pairs = list(zip(arrays(ours), arrays(theirs), strict=True))
    return type(ours) is type(theirs) and all(_equal(first, second) for first, second in pairs)


def _equal(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    if ours.shape != theirs.shape or ours.dtype != np.float32 or ours.ndim != 1:
        return np.array_equal(ours, theirs)
    far = np.abs(ours - theirs)
    return bool(far.max() <= 1 / 128 and (far > 0).mean() <= 0.02)
