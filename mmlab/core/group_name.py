"""The name of the groups of a task's samples: people, voices, heads. Samples of one group are not independent."""

from __future__ import annotations

from typing import Any

from mmlab.core.phrases import say

USUAL = "group"
IRREGULAR = {"person": "people", "child": "children", "man": "men", "woman": "women", "epoch": "epochs"}


def group_name(task: Any) -> str:
    """What a group of samples is, in the singular: what the task says as `grouped_by`, such as `person`."""
    return str(getattr(task, "grouped_by", "") or USUAL)


def several(count: int, noun: str) -> str:
    """`14 people`, `1 voice`, `2 studies`."""
    return say("{count} " + (noun if count == 1 else _plural(noun)), count=f"{count:,}")


def _plural(noun: str) -> str:
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
