"""Observers of a training: the loop calls each recorder after every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Recorder(Protocol):
    """Looks at the model after an epoch, before the state to resume from is written.

    Only a record: it must leave the model as it was, and no epoch is chosen by it.
    """

    def record(self, epoch: int) -> Mapping[str, Any]:
        """Record epoch `epoch` (from 0). What is returned stands in that epoch's line of the log."""
