"""The user's own library if mmlab is installed as a package: in their data folder, never in the package.

What ships is copied into it once, so that it is a library like any other: models in it are retrained, replaced and
deleted. A newer version of mmlab adds what it brings, exchanges shipped models that nobody changed, and brings back
none that was deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.core.version import __version__
from mmlab.storage import strict_json
from mmlab.storage.atomic_files import hidden, put_folder, write_atomically

RECORD = ".shipped.json"  # in the library: which version filled it, and the digest of each run as it came
LARGEST = 2**20


def data_folder() -> Path:
    """The platform's place for a program's own files."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "mmlab"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mmlab"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mmlab"


def own_library(shipped: Path) -> Path:
    """The library in the data folder, with what ships in it; `shipped` itself where nothing can be written."""
    root = data_folder() / "checkpoints"
    try:
        fill(root, shipped)
    except OSError:
        return root if root.is_dir() else shipped
    return root


def fill(root: Path, shipped: Path, version: str = __version__) -> None:
    """Bring the runs under `shipped` into the library at `root`, once for each version. Raises OSError."""
    record = _record(root)
    if record.get("version") == version:
        return
    known, runs = record.get("runs", {}), dict(_runs(shipped))
    if not root.exists():
        coming = hidden(root)
        shutil.copytree(shipped, coming)
        (coming / RECORD).write_text(_recorded(version, runs), "utf-8")
        put_folder(coming, root)
        return
    for name, digest in runs.items():
        target = root / name
        is_new = name not in known and not target.exists()
        is_untouched = target.exists() and known.get(name) not in (None, digest) and _digest(target) == known[name]
        if is_new or is_untouched:
            target.parent.mkdir(parents=True, exist_ok=True)
            coming = hidden(target)
            shutil.copytree(shipped / name, coming)
            put_folder(coming, target)
    write_atomically(root / RECORD, _recorded(version, {**known, **runs}).encode())


def _record(root: Path) -> Mapping[str, Any]:
    """What was written of the last filling; empty where there is none that can be read."""
    try:
        found = strict_json.decode((root / RECORD).read_bytes(), RECORD, most=LARGEST)
    except (OSError, MmlabError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("runs"), dict) else {}


def _recorded(version: str, runs: Mapping[str, str]) -> str:
    return json.dumps({"version": version, "runs": dict(runs)}, indent=1)


def _runs(shipped: Path) -> Iterator[tuple[str, str]]:
    for folder in sorted(shipped.glob("*/*/*")):
        yield folder.relative_to(shipped).as_posix(), _digest(folder)


def _digest(folder: Path) -> str:
    """Of the names and contents of its files."""
    whole = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        whole.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]
