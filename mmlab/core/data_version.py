"""Whether a model was trained on the current version of the data, for tasks whose data may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from mmlab.core.task import Task, Versioned


def fingerprint_of(task: Task) -> str:
    """The digest of a task's data; empty if its data cannot change."""
    return task.fingerprint() if isinstance(task, Versioned) else ""


def changed_since(card: Mapping[str, Any], fingerprint: str) -> bool:
    """Whether the card of a model names other data than `fingerprint`; false where either names none."""
    data = card.get("data")
    trained = data.get("contents", "") if isinstance(data, Mapping) else ""
    return bool(trained and fingerprint and trained != fingerprint)


@runtime_checkable
class UnderProtocol(Protocol):
    """A task that is measured under one of several published protocols."""

    @property
    def protocol(self) -> str:
        """The name of the protocol; empty if there is none."""


def other_data(card: Mapping[str, Any], task: Task) -> str:
    """In words, what a model whose data `changed_since` was trained on, and what to do."""
    data = card.get("data")
    had = str(data.get("protocol", "")) if isinstance(data, Mapping) else ""
    now = task.protocol if isinstance(task, UnderProtocol) else ""
    if had != now:
        names = [name or "no protocol" for name in (had, now)]
        return f"under another protocol ({names[0]}, not {names[1]}): the two do not belong in one table"
    return "on another version of this data. Train it again"
