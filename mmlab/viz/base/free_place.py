"""Label placement in a chart with as little overlap as possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, hypot

Point = tuple[float, float]
LETTER, HIGH = 6.6, 15.0  # of words of 12 pixels, on the wide side
STEP = 3.0  # pixels between the places of a line that are looked at


@dataclass(frozen=True)
class Box:
    """A rectangle: its left and right, its top and bottom."""

    left: float
    right: float
    top: float
    bottom: float

    def holds(self, point: Point) -> bool:
        """Whether a point lies in it."""
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    def meets(self, other: Box) -> bool:
        """Whether two overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and self.top < other.bottom and other.top < self.bottom


def of_words(text: str, x: float, y: float, anchor: str) -> Box:
    """About the room of words on the line `y`, which end at `x`, or begin there."""
    wide = LETTER * len(text)
    left = x - wide if anchor == "end" else x
    return Box(left, left + wide, y - HIGH + 3, y + 3)


def along(line: Sequence[Point]) -> list[Point]:
    """Points on a line through points, near enough to each other that no words fit in between."""
    found = list(line[:1])
    for (x, y), (next_x, next_y) in pairwise(line):
        parts = max(1, ceil(hypot(next_x - x, next_y - y) / STEP))
        found += [(x + (next_x - x) * part / parts, y + (next_y - y) * part / parts) for part in range(1, parts + 1)]
    return found


def freest(boxes: Sequence[Box], points: Sequence[Point], taken: Iterable[Box]) -> int:
    """Which of the boxes covers least: other words first, then points; the first of those that are alike."""
    others = list(taken)

    def covered(place: int) -> tuple[int, int]:
        box = boxes[place]
        return sum(map(box.meets, others)), sum(map(box.holds, points))

    return min(range(len(boxes)), key=covered)
