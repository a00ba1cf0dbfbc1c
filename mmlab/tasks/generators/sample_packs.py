"""Sample packs: the samples that a task ships as real files, read by the readers that uploads go through.

A pack is a zip of `index.json` (a list of rows, each with its `id`) and one file per sample and modality: hundreds of
small files would take twice the room on a disk.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Raw, Strokes, Text
from mmlab.storage.atomic_files import write_atomically

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
    """The pack in the file at `path`. `formats` by modality; `again` is the command that makes it again."""

    def __init__(self, path: Path, formats: Mapping[str, Format], again: str) -> None:
        self.path, self.formats, self.again = path, dict(formats), f"Run: {again}"

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Every file of the pack by its name, two megabytes at most in all. Raises DataError."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return {name: archive.read(name) for name in archive.namelist()}
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError("The sample pack is missing or damaged.", self.again) from error

    @cached_property
    def index(self) -> dict[str, dict[str, Any]]:
        """What is in the pack, by id, in order. Raises DataError."""
        try:
            return {row["id"]: row for row in json.loads(self.files[INDEX])}
        except (ValueError, KeyError, TypeError) as error:
            raise DataError("The sample pack is missing or damaged.", self.again) from error

    def row(self, sample: str) -> dict[str, Any]:
        """What the index says of a sample. Raises UnknownName for one that is not in the pack."""
        if sample not in self.index:
            ids = list(self.index)
            raise UnknownName(f"There is no sample '{sample[:40]}'.", f"There are {ids[0]} to {ids[-1]}.")
        return self.index[sample]

    def recording(self, sample: str, modality: str) -> Raw:
        """One recording, decoded as an upload would be. Raises UnknownName and DataError."""
        name = f"{self.row(sample)['id']}{self.formats[modality].suffix}"
        if name not in self.files:
            raise DataError(f"{name} is missing from the sample pack.", self.again)
        return self.formats[modality].read(self.files[name], name)

    def recordings(self, sample: str) -> dict[str, Raw]:
        """All recordings of a sample, in the order of the modalities."""
        return {name: self.recording(sample, name) for name in self.formats}

    def write(self, items: Iterable[PackItem]) -> None:
        """Write the pack in place of what is there."""
        made = list(items)
        files = {INDEX: _index_text(made).encode()}
        for item in made:
            for name, raw in item.raw.items():
                files[f"{item.id}{self.formats[name].suffix}"] = self.formats[name].encode(raw)
        self.put(files)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write these files, by name, in place of what is there."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)  # the same bytes at any time
        write_atomically(self.path, packed.getvalue())
        for known in ("files", "index"):
            self.__dict__.pop(known, None)

    def differences(self, items: Iterable[PackItem]) -> list[str]:
        """The files that do not hold, once decoded, what the generators make."""
        made, found = list(items), []
        if self.files.get(INDEX) != _index_text(made).encode():
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
