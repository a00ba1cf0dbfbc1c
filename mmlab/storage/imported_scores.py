"""`imported.json`: external results on a task, a score per combination, beside the models of the task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mmlab.core.errors import DataError, UnknownName
from mmlab.storage import strict_json
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.library import Library

if TYPE_CHECKING:
    from mmlab.storage.file_schemas import ImportedScores

FILE = "imported.json"
LARGEST = 2 * 2**20
VERSION = 1


def read(library: Library, task: str) -> dict[str, ImportedScores]:
    """The results by title; empty where nothing was imported. Raises DataError for a file that is damaged or
    of another version.
    """
    from mmlab.storage.file_schemas import Imported

    found: dict[str, ImportedScores] = {}
    for file in library.glob(f"{task}/{FILE}"):
        again = f"Remove it and import again: {file}"
        there = strict_json.checked(file.read_bytes(), Imported, FILE, again, LARGEST)
        if there["version"] != VERSION:
            raise DataError(f"{FILE} of {task} was written by another version of mmlab.", again)
        found |= there["results"]
    return found


def add(library: Library, task: str, results: Mapping[str, ImportedScores]) -> None:
    """Keep results, in place of those of the same title."""
    _write(library, task, {**read(library, task), **results})


def remove(library: Library, task: str, title: str) -> None:
    """Forget what was imported under a title. Raises UnknownName."""
    there = read(library, task)
    if title not in there:
        named = ", ".join(there) or "nothing"
        raise UnknownName(f"Nothing named '{title}' was imported for {task}.", f"There is: {named}.")
    _write(library, task, {name: each for name, each in there.items() if name != title})


def _write(library: Library, task: str, results: Mapping[str, ImportedScores]) -> None:
    folder = library.folder(task, "x", "x").parents[1]
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE, json.dumps({"version": VERSION, "results": dict(results)}, indent=1).encode())
