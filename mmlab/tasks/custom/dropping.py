"""Unusable inputs if task.json says `"missing": "drop"`: they count as missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.core.recordings import Raw
from mmlab.tasks.custom.manifest import Row
from mmlab.tasks.custom.samples import recording
from mmlab.tasks.custom.task_json import Description


def recordings(description: Description, row: Row) -> dict[str, Raw]:
    """What the cells of a row hold or name, decoded. Raises DataError for one that is not usable and not dropped."""
    found: dict[str, Raw] = {}
    for name, cell in row.cells.items():
        try:
            raw = recording(description, name, cell)
            if description.drops:  # as for a training: one that cannot be prepared is not there
                description[name].kind.prepare(raw)
            found[name] = raw
        except MmlabError:
            if not description.drops:
                raise
    return found


def only_present(row: Row, present: Sequence[bool], names: Sequence[str]) -> Row:
    """A row with the inputs that were really read, `present [M]` in the order of `names`."""
    there = {name for name, is_there in zip(names, present, strict=True) if is_there}
    return replace(row, cells={name: cell for name, cell in row.cells.items() if name in there})


def dropped(stated: Sequence[Row], rows: Iterable[Row]) -> dict[str, Any]:
    """How many inputs that the manifest states could not be used, by modality, and how many samples were left out."""
    kept = {row.id: row for row in rows}
    lost = [name for row in stated if row.id in kept for name in row.cells if name not in kept[row.id].cells]
    return {
        "samples": sum(row.id not in kept for row in stated),
        "inputs": {name: lost.count(name) for name in sorted(set(lost))},
    }
