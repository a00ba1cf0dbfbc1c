"""The locations of users' data folders, and a quick look at their task.json: without torch."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmlab.core.errors import DataError
from mmlab.core.plain_text import plain
from mmlab.tasks.custom import folds
from mmlab.tasks.custom.safe_paths import file_of

VARIABLE = "MMLAB_FOLDERS"
TASK_FILE, MANIFEST = "task.json", "manifest.csv"
NAME = re.compile(r"[a-z0-9_]{1,40}")
LARGEST_TASK_FILE = 1_000_000
LONGEST_TITLE, LONGEST_ABOUT = 80, 1000


@dataclass(frozen=True)
class Glance:
    """What a task.json says, unchecked but for the name: enough for a list. `kind` is that of the answer."""

    folder: Path
    name: str
    title: str
    about: str
    modalities: tuple[str, ...]
    kind: str


def folders() -> tuple[Path, ...]:
    """The folders that MMLAB_FOLDERS names, in order; several are separated as in PATH."""
    found = (part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip())
    return tuple(dict.fromkeys(Path(part).expanduser().absolute() for part in found))


def add(folder: Path) -> None:
    """Name a folder in MMLAB_FOLDERS, so that this process and those that it starts find it."""
    there = [str(path) for path in folders()]
    if str(folder.absolute()) not in there:
        os.environ[VARIABLE] = os.pathsep.join([str(folder.absolute()), *there])


def name_of(text: str) -> str:
    """The name of a task from its name or from the folder that it lies in, which is then added. Raises DataError.

    Also of a fold of a folder, such as `mine_fold1of5`, which is then asked for.
    """
    if (of_fold := folds.named(text)) is not None:
        base, fold = of_fold
        folds.ask_for(fold.count, fold.by)
        return fold.name_of(name_of(base))
    folder = Path(text).expanduser()
    is_path = text in (".", "..") or "/" in text or os.sep in text
    if not is_path and not (folder / TASK_FILE).is_file():
        return text
    found = glance(folder)
    add(folder)
    return found.name


def glance(folder: Path) -> Glance:
    """What a folder says of itself. Raises DataError where it is none or its name cannot be used."""
    found = load(folder)
    modalities = found.get("modalities")
    output = found.get("output")
    listed = [item for item in modalities if isinstance(item, Mapping)] if isinstance(modalities, list) else []
    return Glance(
        folder=folder.absolute(),
        name=checked_name(found.get("name")),
        title=plain(found.get("title") or found.get("name"), LONGEST_TITLE),
        about=plain(found.get("about", ""), LONGEST_ABOUT),
        modalities=tuple(plain(item.get("name", ""), LONGEST_TITLE) for item in listed),
        kind=str(output.get("kind", "")) if isinstance(output, Mapping) else "",
    )


def load(folder: Path) -> dict[str, Any]:
    """The content of task.json. Raises DataError with line and column where it is no JSON."""
    file = folder / TASK_FILE
    if not file.is_file():
        hint = f"Write {TASK_FILE} and {MANIFEST} into it, or begin with: python -m mmlab example FOLDER"
        raise DataError(f"There is no {TASK_FILE} in '{folder}'.", hint)
    try:
        if file_of(folder, TASK_FILE).stat().st_size > LARGEST_TASK_FILE:
            raise DataError(
                f"{TASK_FILE} is larger than 1 MB.", "It only describes the task; samples are in the manifest."
            )
        found = json.loads(unicodedata.normalize("NFC", file.read_text("utf-8-sig")), parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False).encode()  # half a character, which JSON can spell, can be shown nowhere
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"{TASK_FILE} is not JSON: {error.msg} ({place}).", "Mend that line.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{TASK_FILE} cannot be read: {error}.", "Save it as JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise DataError(f"{TASK_FILE} holds no object.", 'Begin it with { and "name": ...')
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


def checked_name(name: object) -> str:
    """The name of the task. Raises DataError for one that cannot be or that mmlab needs for itself."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise DataError(f"'{str(name)[:40]}' cannot name a task.", "Use 1 to 40 of a-z, 0-9 and _ only.")
    if name in _taken():
        raise DataError(f"The name '{name}' is taken by mmlab itself.", "Give the task another name.")
    return name


@lru_cache(maxsize=1)
def _taken() -> frozenset[str]:
    """The built-in tasks have the names of their files, and every file beside them might become one."""
    return frozenset(found.name for found in pkgutil.iter_modules([str(Path(__file__).resolve().parents[1])]))
