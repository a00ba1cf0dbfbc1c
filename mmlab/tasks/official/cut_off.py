"""Whether a file is truncated, from its first and last bytes; nothing is decoded.

Told are files whose end is marked or whose length is promised. A gzip or a Flash video is neither: these are found
cut off when they are read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from mmlab.modalities.npy_header import npy_header

STREAMED = 0xFFFFFFFF  # the length of a WAV that was written before its end was known
TAIL = (
    65_557  # bytes from the end in which a mark is looked for: the longest comment of a zip and what stands before it
)
LONG = 1  # the size of a box of MP4 that says it in eight more bytes


def is_cut_off(file: Path) -> bool:
    """Whether an end is missing. Raises OSError where the file cannot be read."""
    ends = ENDS.get(file.suffix.lower())
    if ends is None:
        return False
    with file.open("rb") as opened:
        return not ends(opened, os.fstat(opened.fileno()).st_size)


def _marked(mark: bytes) -> Callable[[IO[bytes], int], bool]:
    """Formats whose last part has a name. A mark in the first half does not count: it may be that of a thumbnail."""

    def ends(opened: IO[bytes], size: int) -> bool:
        opened.seek(max(size // 2, size - TAIL))
        return mark in opened.read()

    return ends


def _wav(opened: IO[bytes], size: int) -> bool:
    start = opened.read(8)
    promised = int.from_bytes(start[4:8], "little") if start[:4] == b"RIFF" else 0
    return size >= promised + 8 or promised == STREAMED


def _npy(opened: IO[bytes], size: int) -> bool:
    try:
        shape, _, kind = npy_header(opened)
    except (ValueError, EOFError, SyntaxError):
        return True  # no array at all, or one of a header that is cut off: whoever reads it says so
    return size >= opened.tell() + math.prod(shape) * kind.itemsize


def _mp4(opened: IO[bytes], size: int) -> bool:
    """Boxes follow each other to the end; the last may say 0, which is up to wherever that is."""
    place = 0
    while place < size:
        opened.seek(place)
        head = opened.read(16)
        length, long = int.from_bytes(head[:4], "big"), int.from_bytes(head[8:], "big")
        if len(head) < 8 or (length == LONG and len(head) < 16):
            return False
        length = long if length == LONG else length
        if length == 0:
            return True
        place += max(length, 8)
    return place == size


ENDS: Mapping[str, Callable[[IO[bytes], int], bool]] = {
    ".wav": _wav,
    ".jpg": _marked(b"\xff\xd9"),
    ".jpeg": _marked(b"\xff\xd9"),
    ".png": _marked(b"IEND"),
    ".npz": _marked(b"PK\5\6"),
    ".npy": _npy,
    ".mp4": _mp4,
}
