"""Missing tables: which inputs each sample has, as a CSV with a line per sample: `id`, and 1 or 0 for each input."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.csv_file import verbatim
from mmlab.core.errors import DataError
from mmlab.core.file_stamp import stamp_of
from mmlab.core.modality import Modalities

ENDING = ".csv"
LARGEST = 64_000_000
HINT = "Its first line is id and the names of the inputs; 1 is there, 0 is missing. Make one: python -m mmlab missing"
Table = dict[str, NDArray[np.bool_]]


def is_table(text: str) -> bool:
    """Whether a text for what is missing names a table."""
    return text.strip().lower().endswith(ENDING)


def written(samples: Iterable[Samples], present: Iterable[NDArray[np.bool_]], modalities: Modalities) -> str:
    """The table of several splits."""
    rows = [
        (name, *("1" if each else "0" for each in row))
        for split, kept in zip(samples, present, strict=True)
        for name, row in zip(split.ids, kept, strict=True)
    ]
    return verbatim(("id", *modalities.names), rows)


def digest_of(path: str) -> str:
    """Of the content of a table, to tell one from another. Raises DataError."""
    return hashlib.sha256(_content(path).encode()).hexdigest()[:16]


def present_in(path: str, samples: Samples, modalities: Modalities) -> NDArray[np.bool_]:
    """What the samples have by a table, bool `[N, M]`; what they lack by themselves stays missing. Raises DataError.

    A sample that would have nothing keeps what it has.
    """
    table = _table(path, modalities.names, stamp_of(_file(path)))
    lacking = [name for name in samples.ids if name not in table]
    if lacking:
        message = (
            f"'{Path(path).name}' has no line for {len(lacking):,} of {len(samples):,} samples, such as '{lacking[0]}'."
        )
        raise DataError(message, HINT)
    own = samples.present.numpy()
    kept = np.stack([table[name] for name in samples.ids]) & own
    return np.where(kept.any(1, keepdims=True), kept, own)


def _file(path: str) -> Path:
    file = Path(path.strip())
    if not file.is_file():
        raise DataError(f"There is no table '{file.name}'.", HINT)
    if file.stat().st_size > LARGEST:
        raise DataError(f"'{file.name}' has more than {LARGEST // 10**6} MB.", HINT)
    return file


def _content(path: str) -> str:
    try:
        return _file(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{Path(path).name}' cannot be read as text in UTF-8.", HINT) from error


@lru_cache(maxsize=8)
def _table(path: str, names: tuple[str, ...], stamp: object) -> Table:
    label = f"'{Path(path).name}'"
    try:
        lines = list(csv.reader(_content(path).splitlines(), strict=True))
    except csv.Error as error:
        raise DataError(f"{label} is no CSV: {error}.", HINT) from error
    header = [each.strip() for each in lines[0]] if lines else []
    _check_columns(header, names, label)
    places = [header.index(name) for name in ("id", *names)]
    found: Table = {}
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        if len(line) > len(header):
            raise DataError(f"{label}, line {number}: it has more cells than there are columns.", HINT)
        cells = [line[place].strip() if place < len(line) else "" for place in places]
        if not set(cells[1:]) <= {"0", "1"}:
            raise DataError(f"{label}, line {number}: what is there is said by 1 and 0.", HINT)
        if cells[0] in found:
            raise DataError(f"{label}, line {number}: '{cells[0][:60]}' stands there twice.", HINT)
        found[cells[0]] = np.array([cell == "1" for cell in cells[1:]])
        if not found[cells[0]].any():
            raise DataError(f"{label}, line {number}: '{cells[0][:60]}' has no input at all.", HINT)
    return found


def _check_columns(header: Sequence[str], names: Sequence[str], label: str) -> None:
    """Raise DataError unless the columns are those of the inputs: of any other, a gap would be lost without a word.

    A column without a name is the row number that pandas writes.
    """
    wanted = ("id", *names)
    for name in wanted:
        if name not in header:
            raise DataError(f"{label} has no column '{name}'.", HINT)
        if header.count(name) > 1:
            raise DataError(f"{label} has the column '{name}' twice.", HINT)
    for name in header:
        if name and name not in wanted:
            hint = f"Leave it out: the columns are {', '.join(wanted)}."
            raise DataError(f"{label} has a column '{name[:40]}', which is no input here.", hint)
