"""Losses and gradient norms of an epoch's steps, read from the device only once in a while.

Reading a number waits until a device has done all that it was asked to do, so that at every step it would stand idle
until it is asked for the next one. On a processor there is nothing to wait for, and every number is read at once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from mmlab.core.errors import MmlabError

EVERY = 32  # steps between two readings on a device


class StepStatistics:
    """The means over so many `steps`. losses: by term; lengths: of the gradient by modality, before it is clipped.

    every: how many steps are read at a time; 1 on a processor, `EVERY` elsewhere, unless it is given.
    """

    def __init__(self, place: torch.device, steps: int, every: int = 0) -> None:
        self.losses: dict[str, float] = defaultdict(float)
        self.lengths: dict[str, float] = defaultdict(float)
        self._place, self._steps = place, steps
        self._every = every or (1 if place.type == "cpu" else EVERY)
        self._unread: list[Mapping[str, Tensor]] = []  # losses, in turn with lengths

    def add_losses(self, losses: Mapping[str, Tensor]) -> None:
        """Add the losses of a step. Raises MmlabError if one of those that are read is not a number."""
        self._unread.append({name: value.detach() for name, value in losses.items()})
        if self._every == 1:
            for name, value in _numbers(self._unread[-1:], self._place)[0].items():
                _check(name, value)

    def add_lengths(self, lengths: Mapping[str, Tensor]) -> None:
        """Add the gradient norms of the same step."""
        self._unread.append(lengths)
        if len(self._unread) >= 2 * self._every:
            self.read()

    def read(self) -> None:
        """Fetch the pending values from the device. Raises MmlabError for a loss that is not a number."""
        for place, values in enumerate(_numbers(self._unread, self._place)):
            into = self.lengths if place % 2 else self.losses
            for name, value in values.items():
                if into is self.losses:
                    _check(name, value)
                into[name] += value / self._steps
        self._unread = []


def _numbers(tables: list[Mapping[str, Tensor]], place: torch.device) -> list[dict[str, float]]:
    """The tables with numbers, read in one piece."""
    values = [value for table in tables for value in table.values()]
    if place.type == "cpu":
        read = iter([float(value) for value in values])
    else:
        read = iter(torch.stack([value.to(place, torch.float32) for value in values]).tolist() if values else [])
    return [{name: next(read) for name in table} for table in tables]


def _check(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise MmlabError(f"The loss '{name}' is not a number any more.", "Try a smaller learning rate.")
