"""The range of training images of more than eight bits, so that all can share one that keeps enough grey levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmlab.core.folder_input import GreyRange

FAINT = 8  # times wider than what is there: the range leaves less than five of eight bits


@dataclass(frozen=True)
class Levels:
    """The lowest and the highest number of all, and the range that is grey now."""

    low: float
    high: float
    grey: tuple[float, float]

    def joined(self, other: Levels) -> Levels:
        """Of both."""
        return Levels(min(self.low, other.low), max(self.high, other.high), self.grey)

    @property
    def is_faint(self) -> bool:
        """Whether few steps of grey are left."""
        black, white = self.grey
        return 0 < self.high - self.low < (white - black) / FAINT

    def in_words(self) -> tuple[str, str]:
        """What is so, and what to do."""
        black, white = self.grey
        held = f"Training pictures hold {self.low:.6g} to {self.high:.6g}; {black:.6g} is black and {white:.6g} white"
        hint = f'Write "black": {self.low:.6g}, "white": {self.high:.6g} for it in task.json.'
        return f"{held}: few steps of grey are left.", hint


def levels_of(found: GreyRange) -> Levels:
    """Of one picture."""
    return Levels(found.low, found.high, (found.black, found.white))


def merge(into: dict[str, Levels], others: Mapping[str, Levels]) -> None:
    """Add those of other pictures, by modality."""
    for name, each in others.items():
        into[name] = into[name].joined(each) if name in into else each
