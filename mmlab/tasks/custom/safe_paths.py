"""From a cell of the manifest to bytes: only files inside the folder are ever opened, whatever the cell says."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from mmlab.core.errors import DataError

LARGEST_FILE = 64_000_000


def content_of(folder: Path, cell: str) -> bytes:
    """The bytes of the file that a cell names. Raises DataError."""
    file = file_of(folder, cell)
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"'{_shown(cell)}' cannot be read: {error.strerror}.", "Check its permissions.") from error


def file_of(folder: Path, cell: str) -> Path:
    """The file that a cell names, which lies in the folder and is not too large. Raises DataError."""
    here = "Write it as it lies in the folder, such as images/a.png."
    if "\\" in cell and not (folder / cell).exists():
        raise DataError(f"'{_shown(cell)}' has backslashes.", here)
    if PurePosixPath(cell).is_absolute() or PureWindowsPath(cell).is_absolute() or ".." in PurePosixPath(cell).parts:
        raise DataError(f"'{_shown(cell)}' leaves the folder.", here)
    try:
        file = (folder / cell).resolve()
        inside = file.is_relative_to(folder.resolve())
        there, size = file.is_file(), file.stat().st_size if inside and file.is_file() else 0
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero byte
        raise DataError(f"'{_shown(cell)}' cannot name a file.", here) from error
    if not inside:
        raise DataError(f"'{_shown(cell)}' is a link out of the folder.", "Copy the file into the folder.")
    if not there:
        raise DataError(f"There is no file '{_shown(cell)}' in the folder.", here)
    if size > LARGEST_FILE:
        raise DataError(
            f"'{_shown(cell)}' has {size / 1e6:.0f} MB; the limit is {LARGEST_FILE / 1e6:.0f} MB.", "Make it smaller."
        )
    return file


def _shown(cell: str) -> str:
    clean = "".join(letter for letter in cell if letter.isprintable())
    return clean if len(clean) <= 80 else f"{clean[:40]}…{clean[-36:]}"
