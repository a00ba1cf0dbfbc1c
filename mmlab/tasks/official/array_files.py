"""Arrays of an official layout: labels that are read whole, and arrays whose rows are samples."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.array_file import stored_array
from mmlab.tasks.official.fingerprint import unusable

AGAIN = "Take it again from where it comes from."
CONVERT = "python -m mmlab data convert"


def check_there(folder: Path, name: str, pickle: str = "") -> None:
    """Raise DataError where a file is not there, is a pointer of Git LFS, or is empty; pickle: what it is made of."""
    path, made_of = folder / name, folder / pickle
    if not path.is_file():
        if pickle and made_of.is_file():
            raise DataError(f"There is no '{name}' in '{folder}'.", f"Make it: {CONVERT} {quote(str(made_of))}")
        raise DataError(f"There is no '{name}' in '{folder}'.", f"Name the folder that holds {pickle or name}.")
    if why := unusable(path):
        raise DataError(f"'{name}' is {why}.", AGAIN)


def whole(folder: Path, name: str) -> NDArray[Any]:
    """An array that is read at once, such as labels, in one dimension. Raises DataError."""
    check_there(folder, name)
    try:
        return np.ravel(np.load(folder / name, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"'{name}' is no .npy file that can be read, or it is cut off.", AGAIN) from error


def archive(folder: Path, name: str, array: str, pickle: str = "") -> NDArray[Any]:
    """The same of an array in an archive, as it is. Raises DataError."""
    check_there(folder, name, pickle)
    try:
        with np.load(folder / name, allow_pickle=False) as opened:
            if array in opened:
                return np.asarray(opened[array])
            names = ", ".join(opened.files[:8])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"'{name}' is damaged, or cut off.", AGAIN) from error
    raise DataError(f"'{name}' has no array '{array}'.", f"It has {names[:200]}. Is it of another layout?")


def rows_of(folder: Path, places: Sequence[str], count: int) -> None:
    """Raise DataError where an array, `file.npy` or `file.npz#array`, does not have so many rows."""
    for place in places:
        name, _, array = place.partition("#")
        check_there(folder, name)
        shape = stored_array(folder / name, array).shape
        if shape[0] != count:
            raise DataError(f"'{place}' has {shape[0]:,} rows and there are {count:,} labels.", AGAIN)
