"""Code from outside the repository: files in the folders of `MMLAB_PLUGINS`, entry points of installed packages.

A plug-in registers what it adds with the decorators that our own files use. One that cannot be loaded adds nothing at
all, is kept with the reason in `problems()`, and hides no other. Only the environment and what is installed name code:
no address, upload, archive or folder of data does.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from mmlab.core.errors import MmlabError, PluginError

VARIABLE = "MMLAB_PLUGINS"
GROUPS = tuple(
    f"mmlab.{kind}"
    for kind in (
        "methods",
        "tasks",
        "measures",
        "explainers",
        "metrics",
        "modalities",
        "pages",
        "backbones",
        "benchmarks",
    )
)
DISCOVERY = threading.RLock()  # held while anything is discovered or loaded, so that no thread sees half of it

Source = Path | EntryPoint
Undo = Callable[[], object]


@dataclass(frozen=True)
class RegisteredItem:
    """An item that a plug-in registered: its kind, its name, and how to unregister it."""

    kind: str
    name: str
    undo: Undo


@dataclass
class _State:
    """What is loaded. seen: the value of `MMLAB_PLUGINS` then; added: what each plug-in registered.

    loader: the thread that is loading; current: the plug-in that it loads.
    """

    seen: str | None = None
    added: dict[str, list[RegisteredItem]] = field(default_factory=dict)
    problems: dict[str, Exception] = field(default_factory=dict)
    current: str = ""
    loader: int | None = None


_state = _State()


def folders() -> tuple[Path, ...]:
    """The folders that `MMLAB_PLUGINS` names, in order, separated as in PATH."""
    found = (part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip())
    return tuple(dict.fromkeys(Path(part).expanduser().absolute() for part in found))


def sources() -> dict[str, Source]:
    """Every plug-in by what people know it by: the path of a file or package, or `package: entry point`.

    Names that begin with a dot or an underscore are left alone.
    """
    found: dict[str, Source] = {}
    for folder in folders():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not path.name.startswith((".", "_")) and (path.suffix == ".py" or (path / "__init__.py").is_file()):
                found[str(path)] = path
    installed = entry_points()  # once for all groups: each call reads the metadata of every package
    for group in GROUPS:
        for entry in installed.select(group=group):
            owner = entry.dist.name if entry.dist else "?"
            found[f"{owner}: {group} {entry.name}"] = entry
    return found


def missing_folders() -> dict[str, Exception]:
    """The folders that are named and not there."""
    hint = f"Mend {VARIABLE}."
    return {str(path): PluginError("There is no such folder.", hint) for path in folders() if not path.is_dir()}


def load() -> None:
    """Load every plug-in once, and take away what comes from folders that are not named any more."""
    wanted = os.environ.get(VARIABLE, "")
    if _state.seen == wanted:
        return
    with DISCOVERY:
        if is_loading() or _state.seen == wanted:
            return
        _state.loader = threading.get_ident()
        try:
            found = sources()
            for gone in [origin for origin in _state.added if origin not in found]:
                _take_back(gone)
            _state.problems = missing_folders()
            for origin, source in found.items():
                if origin not in _state.added:
                    _load(origin, source)
            _state.seen = wanted
        finally:
            _state.loader = None


def problems() -> dict[str, Exception]:
    """The plug-ins that could not be loaded, each with the reason."""
    load()
    return dict(_state.problems)


def registers_ours() -> bool:
    """Whether the module that is being imported right now, and registers something, is one of mmlab's own.

    A plug-in may well be the first to import one of ours, whose things are then not the plug-in's.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "mmlab"
        frame = frame.f_back  # type: ignore[assignment]
    return False


def current() -> str:
    """The plug-in that the thread that asks is loading; empty where it loads none."""
    return _state.current if is_loading() else ""


def note(kind: str, name: str, undo: Undo) -> None:
    """What the plug-in that is being loaded has registered, and how to take it back."""
    _state.added[_state.current].append(RegisteredItem(kind, name, undo))


def given() -> dict[str, tuple[str, ...]]:
    """The items that each plug-in adds, in words: `measure swing`."""
    load()
    return {origin: tuple(f"{each.kind} {each.name}" for each in added) for origin, added in _state.added.items()}


def is_loading() -> bool:
    """Whether the thread that asks is loading plug-ins."""
    return _state.loader == threading.get_ident()


def files_of(source: Source) -> tuple[Path, ...]:
    """The Python files of a plug-in, found without importing it; of an installed one, those of its whole package."""
    if isinstance(source, EntryPoint):
        spec = importlib.util.find_spec(source.module.partition(".")[0])
        if spec is None or spec.origin is None:
            return ()
        source = Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)
    return tuple(sorted(source.rglob("*.py"))) if source.is_dir() else (source,)


def reason(error: BaseException) -> str:
    """What went wrong, with file and line, in words."""
    if isinstance(error, MmlabError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    last = next((frame for frame in reversed(frames) if "importlib" not in frame.filename), None)
    line = f" ({Path(last.filename).name}, line {last.lineno})" if last else ""
    return f"{type(error).__name__}: {error}{line}"


def _load(origin: str, source: Source) -> None:
    _state.current = origin
    _state.added[origin] = []
    try:
        if isinstance(source, Path):
            _import_file(source)
        else:
            source.load()
    except (Exception, SystemExit) as error:  # whatever a plug-in does, the others and ours go on
        _take_back(origin)
        problem = PluginError(f"It cannot be loaded: {reason(error).rstrip(chr(46))}.", "Mend it, or leave it out.")
        problem.__cause__ = error
        _state.problems[origin] = problem
    finally:
        _state.current = ""


def _take_back(origin: str) -> None:
    for each in reversed(_state.added.pop(origin)):
        each.undo()


def _import_file(path: Path) -> None:
    """Import a file or package under a name that no other has: it need not lie on the path of imports."""
    name = f"mmlab_plugin_{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}"
    file = path / "__init__.py" if path.is_dir() else path
    places = [str(path)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path.name} is no Python file.", "Its name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and relative imports look it up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for part in [part for part in sys.modules if part == name or part.startswith(f"{name}.")]:
            del sys.modules[part]
        raise
