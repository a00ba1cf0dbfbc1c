"""What plug-ins add, for `list`: loading them takes torch and seconds, so the result is cached.

A record holds while the plug-ins' files, mmlab, Python and what is installed are the same. A plug-in that cannot be
loaded is recorded with the reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmlab.core import plugins
from mmlab.core.errors import MmlabError
from mmlab.core.version import __version__
from mmlab.storage import strict_json
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.cache_folder import cache_folder


@dataclass(frozen=True)
class Registered:
    """A class that registers itself: its name, the texts in its body, and for a task its modalities and headline."""

    name: str
    title: str
    about: str
    modalities: tuple[str, ...] = ()
    headline: str = ""


@dataclass(frozen=True)
class Added:
    """The methods and tasks of all plug-ins; by plug-in all that it adds in words, or why it adds nothing."""

    methods: tuple[Registered, ...] = ()
    tasks: tuple[Registered, ...] = ()
    given: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def added_by_plugins() -> Added:
    """What is recorded, or what loading them gives. Without plug-ins nothing is read or imported."""
    found = plugins.sources()
    if not found:
        return Added(problems={name: str(problem) for name, problem in plugins.missing_folders().items()})
    file = cache_folder() / "plugins" / f"{_digest(found)}.json"
    recorded = read(file)
    if recorded is None:
        recorded = _load()
        _write(file, recorded)
    return recorded


def _digest(found: dict[str, plugins.Source]) -> str:
    """Of everything that decides what loading gives."""
    whole = hashlib.sha256(f"{__version__} {platform.python_version()}".encode())
    for place in map(Path, sys.path):
        if place.name in ("site-packages", "dist-packages") and place.is_dir():  # changes when something is installed
            whole.update(f"{place} {place.stat().st_mtime_ns}".encode())
    for folder in plugins.folders():
        whole.update(f"{folder} {folder.is_dir()}".encode())
    for origin, source in found.items():
        whole.update(origin.encode())
        for path in plugins.files_of(source):
            whole.update(f"{path}".encode() + _content(path))
    return whole.hexdigest()[:32]


def _content(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError as error:  # then it cannot be loaded either, which is said
        return str(error).encode()


def _load() -> Added:
    from mmlab.core.method import METHODS
    from mmlab.core.task import TASKS

    methods = tuple(Registered(name, METHODS[name].title, METHODS[name].about) for name in METHODS.from_plugins())
    tasks = []
    for name in TASKS.from_plugins():
        task = TASKS[name]()
        info = task.info
        tasks.append(Registered(name, task.title, task.about, info.modalities.names, info.output.headline))
    problems = {name: str(problem) for name, problem in plugins.problems().items()}
    return Added(methods, tuple(tasks), plugins.given(), problems)


def read(file: Path) -> Added | None:
    """A record; None where there is none, or one that is damaged or of another make: it is then found out again."""
    try:
        kept = strict_json.decode(file.read_bytes(), file.name)
        given = {name: tuple(map(_text, names)) for name, names in kept["given"].items()}
        problems = {name: _text(problem) for name, problem in kept["problems"].items()}
        return Added(tuple(map(_registered, kept["methods"])), tuple(map(_registered, kept["tasks"])), given, problems)
    except (OSError, MmlabError, LookupError, TypeError, AttributeError):
        return None


def _registered(item: dict[str, Any]) -> Registered:
    """Raises TypeError where a field is no text, LookupError where one is missing."""
    name, title, about, headline = (_text(item[each]) for each in ("name", "title", "about", "headline"))
    return Registered(name, title, about, tuple(map(_text, item["modalities"])), headline)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _write(file: Path, added: Added) -> None:
    """Keep a record; where nothing can be written, it is found out again the next time."""
    with contextlib.suppress(OSError):
        write_atomically(file, json.dumps(asdict(added)).encode())
