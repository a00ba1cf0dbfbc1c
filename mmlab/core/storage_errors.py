"""The message for a full disk, a read-only folder or a missing permission, wherever it occurs."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmlab.core.errors import StorageError

FULL = {errno.ENOSPC, errno.EDQUOT}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
ROOM = "Make room on that disk, or choose another folder (--checkpoints, MMLAB_CACHE); the same command then goes on."
RIGHTS = "Allow writing to it, or choose another folder (--checkpoints, MMLAB_CACHE)."


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the errors of a disk that the user can fix into StorageError; any other goes on as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageError(f"There is no room left on the disk{_where(error)}.", ROOM) from error
        if error.errno in FORBIDDEN:
            raise StorageError(f"It is not allowed to write or read here{_where(error)}.", RIGHTS) from error
        raise


def _where(error: OSError) -> str:
    """The folder that it was about, never a temporary name inside it."""
    return f" of '{Path(str(error.filename)).parent}'" if error.filename else ""
