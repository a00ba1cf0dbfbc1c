"""`baselines.json`: the scores of reference models on a task, beside the models of the task; read without torch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.storage import strict_json
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.library import Library

FILE = "baselines.json"
LARGEST = 2 * 2**20


def write(library: Library, task: str, found: Mapping[str, Any]) -> None:
    """Keep what was measured; a number that does not exist is null."""
    folder = library.folder(task, "x", "x").parents[1]
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE, json.dumps(_finite(found), indent=1).encode())


def read(library: Library, task: str, fingerprint: str) -> dict[str, Any]:
    """The reference models by name, measured on the data of this fingerprint; empty where there are none to be read."""
    from mmlab.storage.file_schemas import Baselines

    for file in library.glob(f"{task}/{FILE}"):
        try:
            found: dict[str, Any] = strict_json.checked(file.read_bytes(), Baselines, FILE, "", LARGEST)
        except (MmlabError, OSError):
            continue  # measured again by the command; a reference model that cannot be read hides no model
        if found["contents"] == fingerprint:
            return dict(found["baselines"])
    return {}


def scores(found: Mapping[str, Any], metric: str) -> dict[str, dict[str, float]]:
    """By title of the reference model and combination, one metric; NaN where it does not exist."""
    tables = {each["title"]: each["metrics"] for each in found.values()}
    return {
        title: {key: _number(row.get(metric)) for key, row in table.items() if metric in row}
        for title, table in tables.items()
    }


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
