"""The time axis of recordings: each kind that has one declares it once, as a `TimeAxis`, which is used to blank a
stretch of a recording, to draw it for dragging, or to shade it in a map.

>>> axis = modality_kind("sound").time_axis()
>>> axis.timeline(raw).length                                     # 1.02, in seconds
>>> axis.blanked(raw, *axis.timeline(raw).places(Stretch(0.3, 0.45)))
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from mmlab.core.drawing import Floats
from mmlab.core.recordings import Raw

WRITTEN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)-(\d{1,9}(?:\.\d{1,6})?)")
DECIMALS = 6  # of a moment: a microsecond
Part = tuple[float, float]  # from and to, as shares of the whole


@dataclass(frozen=True)
class Stretch:
    """A stretch of a recording: its start and its length in the unit of the recording's timeline."""

    start: float
    length: float

    @property
    def end(self) -> float:
        """The end of the stretch."""
        return round(self.start + self.length, DECIMALS)

    @property
    def text(self) -> str:
        """As it stands in an address: `0.3-0.75`."""
        return f"{_plain(self.start)}-{_plain(self.end)}"

    @classmethod
    def between(cls, start: float, end: float) -> Stretch:
        """The stretch from one moment to another, in either order."""
        first, last = sorted((round(start, DECIMALS), round(end, DECIMALS)))
        return cls(first, round(last - first, DECIMALS))

    @classmethod
    def parsed(cls, text: str) -> Stretch | None:
        """The stretch that such a text names; None for any other text, and for one that ends before it starts."""
        found = WRITTEN.fullmatch(text)
        if found is None:
            return None
        start, end = map(float, found.groups())
        return cls.between(start, end) if end > start else None


@dataclass(frozen=True)
class Timeline:
    """The time of one recording: equal `steps`, `rate` of them to a `unit` (a phrase, such as seconds).

    counted: whether steps are things that people count from 1, such as frames: the second lies from 1 to 2.
    """

    steps: int
    rate: float
    unit: str
    counted: bool = False

    @property
    def length(self) -> float:
        """How long it is, in its unit."""
        return self.steps / self.rate

    def places(self, stretch: Stretch) -> tuple[int, int]:
        """The first step of a stretch and the one after its last, inside the recording."""
        first, last = (min(max(_nearest(moment * self.rate), 0), self.steps) for moment in (stretch.start, stretch.end))
        return first, last

    def share(self, share: float, place: float) -> tuple[int, int]:
        """The same for a share of all steps, at a place from 0 (the beginning) to 1 (the end).

        At one place a larger share holds every smaller one.
        """
        count = _nearest(share * self.steps)
        first = _nearest(place * (self.steps - count))
        return first, first + count

    def stretch(self, first: int, last: int) -> Stretch:
        """These steps in the unit of the timeline."""
        return Stretch.between(first / self.rate, last / self.rate)


class TimeAxis(ABC):
    """The time axis of a kind of modality.

    blank:     what a blanked stretch holds, in words, as a phrase: "silence".
    dimension: of a tensor `[*shape]`, the one that runs with time.
    """

    blank: ClassVar[str]
    dimension: ClassVar[int] = -1

    @abstractmethod
    def timeline(self, raw: Any) -> Timeline:
        """The time of a recording."""

    @abstractmethod
    def blanked(self, raw: Any, first: int, last: int) -> Raw:
        """The recording, of the same type and length, with the steps from `first` to before `last` blanked.

        Nothing of their content may remain. 0 <= first <= last <= steps.
        """

    @abstractmethod
    def strip(self, raw: Any, colour: str, width: int, height: int) -> str:
        """The recording over its time from the left edge to the right one: the inside of an SVG of this size."""

    def marked(self, raw: Any, first: int, last: int, way: int) -> Raw | None:
        """The recording blanked, with something faint where it is blanked, in one of two ways, `way` 0 or 1.

        Where what a model sees of the two differs, there the stretch is. None where `seen` knows that without trying.
        """
        return None

    def seen(self, raw: Any, first: int, last: int) -> Part | None:
        """Where a blanked stretch lies in what a model sees, if nothing is `marked`; None for nowhere."""
        steps = self.timeline(raw).steps
        return first / steps, last / steps

    def shade(self, array: Floats, part: Part, width: int, height: int, ink: str) -> str:
        """A part of what a model sees, shaded: the inside of an SVG that lies on a map of this size."""
        left, right = (width * share for share in part)
        return hatched(left, 0, right - left, height, ink)


def hatched(x: float, y: float, width: float, height: float, ink: str) -> str:
    """A field with slanted lines and a rim, as SVG: it can be told apart from a colour of a map."""
    pattern = (
        '<pattern id="mm-blank" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<path d="M0 0V8" stroke="{ink}" stroke-width="2.4" stroke-opacity=".75"/></pattern>'
    )
    return (
        f'<defs>{pattern}</defs><rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" '
        f'fill="url(#mm-blank)" stroke="{ink}" stroke-width="1.5" stroke-dasharray="5 3"/>'
    )


def _nearest(value: float) -> int:
    """Halves upwards, always: what rounds them to even numbers would not keep a share inside a larger one."""
    return math.floor(value + 0.5)


def _plain(moment: float) -> str:
    """Without an exponent and without zeros at the end."""
    return f"{moment:.{DECIMALS}f}".rstrip("0").rstrip(".")
