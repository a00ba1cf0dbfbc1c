"""The user's modules that a registered file imports, and whether one of them has changed since.

A registered file that did not change itself is still another model once the network's own file did.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmlab.core.file_stamp import Stamp, stamp_of

MMLAB = Path(__file__).resolve().parent.parent
MOST = 2000  # modules of one import that are watched: asking for one's stamp takes microseconds
_seen: dict[Path, tuple[str, Stamp]] = {}


@contextmanager
def imported_for(file: str) -> Iterator[None]:
    """Remember what a person's file imports meanwhile, but for the standard library, installed packages and mmlab.

    A module of another folder does not stand in for one of the same name beside the file. file: empty for what was
    registered in a notebook, which is not watched.
    """
    if not file:
        yield
        return
    _drop_namesakes(Path(file).parent)
    before = frozenset(sys.modules)
    try:
        yield
    finally:
        new = [(name, module) for name, module in sys.modules.copy().items() if name not in before]
        for name, module in new[:MOST]:
            source = getattr(module, "__file__", None)
            if source and _is_own(path := Path(source).resolve()):
                _seen[path] = name, stamp_of(path)


def _drop_namesakes(folder: Path) -> None:
    for path, (name, _) in _seen.copy().items():  # copies: another thread may import meanwhile
        top = folder / name.partition(".")[0]
        if not path.is_relative_to(folder) and (top.with_suffix(".py").exists() or (top / "__init__.py").exists()):
            sys.modules.pop(name, None)


def forget_changed() -> bool:
    """Whether one of them changed, is gone or came back; all of them are imported again by whoever asks next, then."""
    if all(stamp_of(file) == stamp for file, (_, stamp) in _seen.copy().items()):
        return False
    for name, _ in _seen.copy().values():
        sys.modules.pop(name, None)
    _seen.clear()
    importlib.invalidate_caches()
    return True


def _is_own(file: Path) -> bool:
    paths = sysconfig.get_paths()
    installed = (Path(paths[name]).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return not any(file.is_relative_to(folder) for folder in (*installed, MMLAB))
