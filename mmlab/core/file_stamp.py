"""What distinguishes versions of a file without reading it: the key of every cache of a file's content."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int, int, int]
ABSENT: Stamp = (0, 0, 0, 0)


def stamp_of(file: Path) -> Stamp:
    """Size, time of change, time of status change and inode; `ABSENT` where there is no such file.

    Size and time of change alone miss an edit that keeps both (`touch -r`, `cp -p`, a coarse clock); the time of status
    change cannot be set by hand, and a file that replaces another has an inode of its own.
    """
    try:
        status = file.stat()
    except OSError:
        return ABSENT
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
