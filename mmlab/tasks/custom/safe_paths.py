"""From a cell of the manifest to bytes: only files inside the folder are ever opened, whatever the cell says."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from mmlab.core.errors import DataError

LARGEST_FILE = 64_000_000
MOST_NAMES = 100_000  # files of a folder that a cell names
LONGEST_NAME = 255  # bytes, on every usual file system


def content_of(folder: Path, cell: str) -> bytes:
    """The bytes of the file that a cell names. Raises DataError, for one that is too large, too."""
    file = file_of(folder, cell)
    size = file.stat().st_size
    if size > LARGEST_FILE:
        message = f"'{_shown(cell)}' has {size / 1e6:.0f} MB; the limit is {LARGEST_FILE / 1e6:.0f} MB."
        raise DataError(message, "Make it smaller, or name rows of it: large.npy#17.")
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"'{_shown(cell)}' cannot be read: {error.strerror}.", "Check its permissions.") from error


def file_of(folder: Path, cell: str) -> Path:
    """The file that a cell names, which lies in the folder. Raises DataError."""
    here = "Write it as it lies in the folder, such as images/a.png."
    found = _place_of(folder, cell, here)
    if not found.is_file():
        raise DataError(f"There is no file '{_shown(cell)}' in the folder.", here)
    return found


def names_in(folder: Path, cell: str) -> tuple[str, ...] | None:
    """The names of the files in the folder that a cell names; None where it names something else. Raises DataError."""
    found = _place_of(folder, cell, "Write it as it lies in the folder, such as clips/a.")
    return _files_in(found, found.stat().st_mtime_ns) if found.is_dir() else None


@lru_cache(maxsize=4096)
def _files_in(folder: Path, modified: int) -> tuple[str, ...]:
    """In this version of a folder."""
    try:
        with os.scandir(folder) as entries:
            names = [each.name for each, _ in zip(entries, range(MOST_NAMES + 1), strict=False) if each.is_file()]
    except OSError as error:
        raise DataError(
            f"'{_shown(folder.name)}' cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    if len(names) > MOST_NAMES:
        raise DataError(f"'{_shown(folder.name)}' holds more than {MOST_NAMES:,} files.", "Name a folder per sample.")
    return tuple(sorted(names))


def _place_of(folder: Path, cell: str, here: str) -> Path:
    """What a cell names inside the folder, whether it is there or not. Raises DataError."""
    if "\\" in cell and not (folder / cell).exists():
        raise DataError(f"'{_shown(cell)}' has backslashes.", here)
    if cell.startswith("/") or _has_drive(cell) or ".." in cell.split("/"):
        raise DataError(f"'{_shown(cell)}' leaves the folder.", here)
    try:
        if max(len(os.fsencode(part)) for part in cell.split("/")) > LONGEST_NAME:  # Python 3.14 calls it not there
            raise OSError("a name that is too long")
        place = os.path.realpath(_in_any_form(folder, cell))  # Path.resolve takes three times as long
        inside = f"{place}{os.sep}".startswith(_home(folder))
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero byte
        raise DataError(f"'{_shown(cell)}' cannot name a file.", here) from error
    if not inside:
        raise DataError(f"'{_shown(cell)}' is a link out of the folder.", "Copy the file into the folder.")
    return Path(place)


def _has_drive(cell: str) -> bool:
    return (":" in cell or "\\" in cell) and PureWindowsPath(cell).is_absolute()


@lru_cache(maxsize=64)
def _home(folder: Path) -> str:
    """Where a folder really lies, with what ends it: asked for each of tens of thousands of files."""
    return os.path.join(os.path.realpath(folder), "")


def _in_any_form(folder: Path, cell: str) -> Path:
    """The file of a cell; where there is none, the one whose name has the same letters, composed or decomposed."""
    exact = folder / cell
    if exact.exists():
        return exact
    found = folder
    for part in PurePosixPath(cell).parts:
        step = found / part
        if not step.exists() and found.is_dir():
            step = found / _names_in(found, found.stat().st_mtime_ns).get(unicodedata.normalize("NFC", part), part)
        found = step
    return found


@lru_cache(maxsize=64)
def _names_in(folder: Path, modified: int) -> dict[str, str]:
    """Names in this version of a folder by their composed form, where only one has it and is not in that form."""
    forms: dict[str, list[str]] = {}
    for each in folder.iterdir():
        forms.setdefault(unicodedata.normalize("NFC", each.name), []).append(each.name)
    return {form: names[0] for form, names in forms.items() if len(names) == 1 and names[0] != form}


def _shown(cell: str) -> str:
    clean = "".join(letter for letter in cell if letter.isprintable())
    return clean if len(clean) <= 80 else f"{clean[:40]}…{clean[-36:]}"
