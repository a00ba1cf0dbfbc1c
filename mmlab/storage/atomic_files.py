"""Atomic replacement of files and folders: killed at any moment, the old or the new one is there, complete.

What is not in place yet has a hidden name with the number of its process, by which `leftovers` knows it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

HIDDEN = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)-[0-9a-f]{8}(?P<replaced>\.replaced)?")
REPLACED = ".replaced"  # ends the name of a folder that is on its way out, where two cannot be exchanged
EXCHANGE = 2  # RENAME_EXCHANGE of renameat2
HERE = -100  # AT_FDCWD
IMPOSSIBLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def hidden(path: Path) -> Path:
    """A new name beside `path` for what will be there, or was."""
    return path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}")


def temporary_name(what: str) -> str:
    """How names of ours in the temporary folder begin."""
    return f"mmlab-{what}-{os.getpid()}-"


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, then put it in place: nobody ever reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = hidden(path)
    try:
        with temporary.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())  # else a power cut may leave the name without the content
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """Have the disk keep which names `folder` holds, where the system offers that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def put_folder(coming: Path, target: Path) -> None:
    """Move the folder `coming`, on the same disk, to `target`, and remove what was there. `target` is never missing.

    Where the system cannot exchange two names, it is for a moment, and `leftovers` puts back what a kill left then.
    """
    try:
        if not target.exists():
            os.rename(coming, target)
        elif _exchange(coming, target):
            shutil.rmtree(coming, ignore_errors=True)
        else:
            _replace_in_two_steps(coming, target)
    finally:
        keep_names(target.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder at once for whoever looks, then what it held."""
    going = hidden(folder)
    try:
        os.rename(folder, going)
    except FileNotFoundError:
        return
    shutil.rmtree(going, ignore_errors=True)


def _replace_in_two_steps(coming: Path, target: Path) -> None:
    going = hidden(target)
    going = going.with_name(going.name + REPLACED)
    os.rename(target, going)
    try:
        os.rename(coming, target)
    except OSError:
        os.rename(going, target)
        raise
    shutil.rmtree(going, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step (Linux); False where system or disk cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in IMPOSSIBLE:
        return False
    raise OSError(code, os.strerror(code), str(other))
