"""What killed processes leave behind: unfinished files and folders, and models in the middle of a replacement."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mmlab.core.errors import MmlabError
from mmlab.storage import safetensors_header
from mmlab.storage.atomic_files import HIDDEN
from mmlab.storage.cache_folder import cache_folder
from mmlab.storage.file_lock import is_locked

OLD = 600.0  # seconds: younger ones may be of a process that this system does not see, such as in another container
GONE = 2**22 + 1  # no process has this number: Linux counts to 2**22
PART = re.compile(r".+\.(?P<process>\d+)-[0-9a-f]{8}\.part")  # of the cache
TEMPORARY = re.compile(r"mmlab-(import|samples|store)-(?P<process>\d+)-\w{8}")
FILES = "model|resume|report|sweep|map|epochs|snapshots|progress|order|status"
EARLIER = re.compile(rf"\.({FILES})\.\w+\.(?P<process>\d+)(\.\d+)?")  # as earlier versions named unfinished files
# as earlier versions named models on their way in or out, without the number of their process; a date is none of them
NAMELESS = re.compile(r"\.(?P<name>[A-Za-z0-9][\w.-]*)\.(?=[0-9]*[a-f])[0-9a-f]{8}")
MODEL = "model.safetensors"
IN_LIBRARY = (".*", "*/*/.*", "*/*/*/.*", ".runs/*/*/*/.*")
STOPPED_WORK = ".runs/.work/*/*/*/*/*"  # what `mmlab.experiments.model_jobs` notes of a command, for a day
OLD_WORK = 2 * 86_400.0  # seconds
IN_CACHE = ("rules/*/.*", "maps/*/.*", "plugins/.*")


def sweep(root: Path, age: float = OLD) -> None:
    """Put back what was about to be replaced in the library at `root`, and remove leftovers: there, in the cache and
    in the temporary folder.

    What a living process named, and what is younger than `age` seconds, stays. What cannot be changed stays, too.
    """
    cache = cache_folder()
    for place in (*_listed(root, IN_LIBRARY), *_listed(cache, IN_CACHE)):
        if found := HIDDEN.fullmatch(place.name):
            _restore_or_remove(place, found["name"], int(found["process"]), bool(found["replaced"]), age)
        elif (found := EARLIER.fullmatch(place.name)) and not _is_used(int(found["process"]), place, age):
            _remove(place)
        elif (found := NAMELESS.fullmatch(place.name)) and place.is_dir() and not _is_used(GONE, place, age):
            _restore_or_remove_nameless(place, place.with_name(found["name"]))
    _forget_stopped_work(root)
    for folder, pattern in ((cache, PART), (Path(tempfile.gettempdir()), TEMPORARY)):
        for place in _listed(folder, ("*",)):
            if (found := pattern.fullmatch(place.name)) and not _is_used(int(found["process"]), place, age):
                _remove(place)


def _forget_stopped_work(root: Path) -> None:
    for file in _listed(root, (STOPPED_WORK,)):
        if not _is_used(GONE, file, OLD_WORK) and not is_locked(file):
            _remove(file)
            with suppress(OSError):  # until something is in one of them
                for folder in list(file.parents)[:5]:
                    folder.rmdir()


def _restore_or_remove(place: Path, name: str, process: int, was_replaced: bool, age: float) -> None:
    target = place.with_name(name)
    if was_replaced and not target.exists() and not _lives(process):
        with suppress(OSError):
            os.rename(place, target)
    elif not _is_used(process, place, age):
        _remove(place)


def _restore_or_remove_nameless(place: Path, target: Path) -> None:
    """A whole model that nothing stands in for takes its place again: whether it was to come or to go is not known."""
    try:
        safetensors_header.read(place / MODEL)
        is_whole = True
    except MmlabError:
        is_whole = False
    if is_whole and not target.exists():
        with suppress(OSError):
            os.rename(place, target)
    else:
        _remove(place)


def _listed(folder: Path, patterns: Iterable[str]) -> list[Path]:
    found: list[Path] = []
    for pattern in patterns:
        with suppress(OSError):
            found += folder.glob(pattern)
    return found


def _is_used(process: int, place: Path, age: float) -> bool:
    """Whether its process lives, it is young, or it is of another person."""
    try:
        found = place.lstat()
    except OSError:
        return True
    is_ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return _lives(process) or time.time() - found.st_ctime < age or not is_ours  # ctime: when it got its name


def _lives(process: int) -> bool:
    if os.name == "nt":  # there, asking would end it: the age alone says
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _remove(place: Path) -> None:
    with suppress(OSError):
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()
