"""Which trained model is meant: task, method and tag."""

from __future__ import annotations

from dataclasses import dataclass

from mmlab.core.file_stamp import Stamp


@dataclass(frozen=True)
class Reference:
    """A checkpoint folder in its current version: a key for caches and processes.

    files: the stamps of all that lies in it, weights, report and answers, so that whatever is written there makes
    another reference.
    """

    path: str
    task: str
    method: str
    tag: str
    files: tuple[tuple[str, Stamp], ...] = ()

    @property
    def name(self) -> str:
        """`digits/dmrnet/seed0`."""
        return f"{self.task}/{self.method}/{self.tag}"
