"""What every file reader shares: limits on sizes, and names made safe for display.

Every file is taken as hostile: sizes are checked from the header before anything is decoded, decoding is bounded,
nothing is unpickled, and a file's name is only ever shown, never opened. Whatever goes wrong ends in a DataError.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mmlab.core.errors import DataError

_NUMBERED = re.compile(r"(.+)#(\d{1,9}%?)|(.+\.npz)#(\w{1,60}\.\d{1,9})", re.DOTALL)


def numbered(name: str) -> tuple[str, str]:
    """A path and the number after its last `#`, which says what of the file is meant; `""` where none ends it.

    A number in an archive of arrays stands behind the name of the array.

    >>> numbered("case #3/t1.nii#40"), numbered("case #3.nii"), numbered("mosi.npz#train_text.17")
    (('case #3/t1.nii', '40'), ('case #3.nii', ''), ('mosi.npz', 'train_text.17'))
    """
    found = _NUMBERED.fullmatch(name)
    return (found[1] or found[3], found[2] or found[4]) if found else (name, "")


def with_beside(path: str, beside: str) -> tuple[str, ...]:
    """A path, and that of the file of the same name in another folder where `beside` says which for which.

    >>> with_beside("flow/u/clip/1.jpg", "u/v"), with_beside("a/1.jpg", "")
    (('flow/u/clip/1.jpg', 'flow/v/clip/1.jpg'), ('a/1.jpg',))
    """
    if not beside:
        return (path,)
    one, _, other = beside.partition("/")
    parts = path.split("/")
    return path, "/".join([other if part == one else part for part in parts[:-1]] + parts[-1:])


def shown_name(name: str, otherwise: str) -> str:
    """What may stand in a sentence for a file: its last part, printable, at most 40 characters, in quotes."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(letter for letter in last if letter.isprintable())
    if not clean:
        return otherwise
    return f"'{clean}'" if len(clean) <= 40 else f"'{clean[:24]}…{clean[-12:]}'"


def check_bytes(content: bytes, label: str, limit: int, hint: str) -> None:
    """Refuse an empty file, and one of more than `limit` bytes. Raises DataError."""
    if not content:
        raise DataError(f"{label} is empty.", hint)
    if len(content) > limit:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB.", hint)


def short_number(value: float) -> float | int:
    """A number as a person writes it: no `.0`, at most two places."""
    return int(value) if value == int(value) else round(value, 2)
