"""Whether a model was trained on the data as it is now, for tasks whose data may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmlab.core.task import Task, Versioned


def fingerprint_of(task: Task) -> str:
    """The digest of a task's data; empty for one whose data cannot change."""
    return task.fingerprint() if isinstance(task, Versioned) else ""


def changed_since(card: Mapping[str, Any], fingerprint: str) -> bool:
    """Whether the card of a model names other data than `fingerprint`; false where either names none."""
    data = card.get("data")
    trained = data.get("contents", "") if isinstance(data, Mapping) else ""
    return bool(trained and fingerprint and trained != fingerprint)
