"""Which trained model is meant: task, method and tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Reference:
    """One checkpoint folder, as it was when it was looked at: a key for caches and processes."""

    path: str
    task: str
    method: str
    tag: str
    modified: int
    size: int

    @property
    def name(self) -> str:
        """`digits/dmrnet/seed0`."""
        return f"{self.task}/{self.method}/{self.tag}"
