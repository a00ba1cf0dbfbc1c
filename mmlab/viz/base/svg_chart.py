"""A small chart of lines, dots and bars over two axes, as SVG in the page's text colour.

It is a string: it changes without flicker when a slider moves, opens in a report without a network, and says its
numbers to a screen reader. Series differ by colour and by dashes.

>>> plot = Plot("Expected accuracy", Axis("failure probability", 0, 1, percent), Axis("accuracy", 0.4, 1, percent))
>>> plot.line(rates, scores, theme.method_colour(0), "DMRNet")
>>> plot.svg
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

from mmlab.viz.base import free_place

WIDE, HIGH = 480, 300
LEFT, RIGHT, BOTTOM = 60, 26, 44
LINE_OF_LEGEND = 18
DASHES = ("", "7 4", "2 3", "9 3 2 3")
FAINT = 'stroke="currentColor" stroke-opacity=".14"'


def percent(value: float) -> str:
    """`80 %`."""
    return f"{100 * value:.0f} %"


def plain(value: float) -> str:
    """`0.8`."""
    return f"{value:g}".replace("-", "−")


@dataclass(frozen=True)
class Axis:
    """What an axis shows, from where to where, and how its numbers are written."""

    label: str
    low: float
    high: float
    text: Callable[[float], str] = percent

    @property
    def ticks(self) -> tuple[float, ...]:
        """Some five round places."""
        step = _step((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(round(place * step, 9) for place in range(first, last + 1))

    def shown(self, tick: float) -> str:
        """A tick as it is written; percentages get a digit more where whole ones would be wrong."""
        if self.text is percent and any(abs(100 * each - round(100 * each)) > 1e-6 for each in self.ticks):
            return f"{100 * tick:.1f} %"
        return self.text(tick)


def around(
    values: Sequence[float], label: str, text: Callable[[float], str] = percent, low: float | None = None
) -> Axis:
    """An axis that holds all the values with some room; from `low` on where it is given."""
    there = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    smallest, largest = min(there), max(there)
    room = 0.06 * ((largest - smallest) or abs(largest) or 1.0)
    top = largest + room
    if text is percent and largest <= 1:
        top = min(top, 1.0)
    return Axis(label, smallest - room if low is None else min(low, smallest), top, text)


@dataclass
class Plot:
    """Built up piece by piece; `svg` closes it. `about` is what a screen reader says."""

    title: str
    x: Axis
    y: Axis
    about: str = ""
    high: float = HIGH
    parts: list[str] = field(default_factory=list)
    names: list[tuple[str, str, str]] = field(default_factory=list)
    levels: list[tuple[float, str]] = field(default_factory=list)  # lines across, whose words have no place yet
    covered: list[free_place.Point] = field(default_factory=list)  # where lines and dots are drawn

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, name: str = "", series: int = 0) -> None:
        """A line through points; `series` picks its dashes, `name` puts it into the legend."""
        dash = DASHES[series % len(DASHES)]
        pattern = f' stroke-dasharray="{dash}"' if dash else ""
        places = [(self._x(x), self._y(y)) for x, y in zip(xs, ys, strict=True) if _real(x, y)]
        self.covered += free_place.along(places)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.4" stroke-linejoin="round"'
            f"{pattern}><title>{escape(name)}</title></polyline>"
        )
        if name:
            self.names.append((name, colour, dash))

    def dot(self, x: float, y: float, colour: str, note: str = "", size: float = 4.5, hollow: bool = False) -> None:
        """A point with a note for the pointer."""
        if not _real(x, y):
            return
        self.covered += [(self._x(x), self._y(y) + part * size) for part in (-1, -0.5, 0, 0.5, 1)]
        look = f'fill="none" stroke="{colour}" stroke-width="2"' if hollow else f'fill="{colour}"'
        place = f'cx="{self._x(x):.1f}" cy="{self._y(y):.1f}"'
        self.parts.append(f'<circle {place} r="{size}" {look}><title>{escape(note)}</title></circle>')

    def bar(self, x: float, wide: float, y: float, colour: str, note: str = "", pale: bool = False) -> None:
        """An upright bar about `x`, from the bottom of the chart."""
        left, right = self._x(x - wide / 2), self._x(x + wide / 2)
        top, bottom = self._y(y), self._y(self.y.low)
        self.parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(1.0, right - left - 1):.1f}" '
            f'height="{max(0.0, bottom - top):.1f}" fill="{colour}" fill-opacity="{0.3 if pale else 0.75}">'
            f"<title>{escape(note)}</title></rect>"
        )

    def level(self, y: float, text: str, colour: str = "currentColor") -> None:
        """A dashed line across, with a few words at one of its ends, where they cover least."""
        place = self._y(y)
        self.parts.append(
            f'<path d="M{LEFT} {place:.1f}H{WIDE - RIGHT}" stroke="{colour}" stroke-width="1.4" '
            f'stroke-dasharray="4 4" opacity=".8"/>'
        )
        self.levels.append((place, text))

    def marker(self, x: float, text: str) -> None:
        """An upright dashed line, with a few words at its top."""
        place = self._x(x)
        anchor = "start" if place < WIDE * 0.6 else "end"
        shift = 5 if anchor == "start" else -5
        self.parts.append(
            f'<path d="M{place:.1f} {self._top}V{self._top + self.high - BOTTOM}" stroke="currentColor" '
            f'stroke-width="1.4" stroke-dasharray="3 3" opacity=".7"/>'
            + _text(place + shift, self._top + 12, text, anchor, halo=True)
        )

    def diagonal(self) -> None:
        """Where both axes say the same."""
        low, high = max(self.x.low, self.y.low), min(self.x.high, self.y.high)
        self.parts.append(
            f'<path d="M{self._x(low):.1f} {self._y(low):.1f}L{self._x(high):.1f} {self._y(high):.1f}" '
            f'stroke="currentColor" stroke-width="1.3" stroke-dasharray="4 4" opacity=".6"/>'
        )

    @property
    def svg(self) -> str:
        """The chart."""
        legend, lines = self._legend()
        height = self.high + lines * LINE_OF_LEGEND
        label = escape(f"{self.title}. {self.about}".strip(), quote=True)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="mm-plot" viewBox="0 0 {WIDE} {height:.0f}" role="img" '
            f'aria-label="{label}" font-family="system-ui, sans-serif">'
        )
        drawn = "".join((self._frame(), *self.parts, *self._words()))  # words last, so that no line crosses them
        inside = f'<g transform="translate(0 {lines * LINE_OF_LEGEND})">{drawn}</g>'
        return f"{head}{legend}{inside}</svg>"

    def _words(self) -> list[str]:
        """Those of the lines across: above or below each, at its right or its left end."""
        found: list[str] = []
        taken: list[free_place.Box] = []
        bottom = self._top + self.high - BOTTOM
        for place, text in self.levels:
            ends = [(WIDE - RIGHT, "end"), (LEFT + 4, "start")]
            spots = [(x, place + shift, anchor) for shift in (-5, 14) for x, anchor in ends if place + shift < bottom]
            boxes = [free_place.of_words(text, *spot) for spot in spots]
            best = free_place.freest(boxes, self.covered, taken)
            taken.append(boxes[best])
            x, y, anchor = spots[best]
            found.append(_text(x, y, text, anchor, halo=True))
        return found

    @property
    def _top(self) -> float:
        return 10.0

    def _x(self, value: float) -> float:
        share = (value - self.x.low) / ((self.x.high - self.x.low) or 1.0)
        return LEFT + min(1.0, max(0.0, share)) * (WIDE - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        share = (value - self.y.low) / ((self.y.high - self.y.low) or 1.0)
        return self._top + (1 - min(1.0, max(0.0, share))) * (self.high - BOTTOM)

    def _frame(self) -> str:
        bottom = self._top + self.high - BOTTOM
        found = []
        for tick in self.y.ticks:
            place = self._y(tick)
            found.append(f'<path d="M{LEFT} {place:.1f}H{WIDE - RIGHT}" {FAINT}/>')
            found.append(_text(LEFT - 6, place + 4, self.y.shown(tick), "end"))
        for tick in self.x.ticks:
            place = self._x(tick)
            found.append(f'<path d="M{place:.1f} {bottom:.1f}v4" {FAINT}/>')
            found.append(_text(place, bottom + 16, self.x.shown(tick)))
        found.append(f'<path d="M{LEFT} {bottom:.1f}H{WIDE - RIGHT}" stroke="currentColor" stroke-opacity=".4"/>')
        found.append(_text((LEFT + WIDE - RIGHT) / 2, bottom + 32, self.x.label, strong=True))
        middle = self._top + (self.high - BOTTOM) / 2
        label = _text(0, 0, self.y.label, strong=True)
        found.append(f'<g transform="translate(13 {middle:.1f}) rotate(-90)">{label}</g>')
        return "".join(found)

    def _legend(self) -> tuple[str, int]:
        if not self.names:
            return "", 0
        found, x, line = [], float(LEFT), 0
        for name, colour, dash in self.names:
            wide = 36 + 7.3 * len(name)
            if x > LEFT and x + wide > WIDE:
                x, line = float(LEFT), line + 1
            y = 12 + line * LINE_OF_LEGEND
            pattern = f' stroke-dasharray="{dash}"' if dash else ""
            found.append(f'<path d="M{x:.1f} {y}h20" stroke="{colour}" stroke-width="2.6"{pattern}/>')
            found.append(_text(x + 25, y + 4, name, "start"))
            x += wide + 8
        return "".join(found), line + 1


def _text(x: float, y: float, text: str, anchor: str = "middle", strong: bool = False, halo: bool = False) -> str:
    look = 'font-weight="600" opacity=".85"' if strong else 'opacity=".8"'
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12"'
    # the same words as a broad stroke in the page's paper below, so that they read on lines
    back = f'<text {place} class="mm-halo" fill="none" aria-hidden="true">{escape(text)}</text>' if halo else ""
    return f'{back}<text {place} fill="currentColor" {look}>{escape(text)}</text>'


def _step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)


def _real(*values: float) -> bool:
    return all(math.isfinite(value) for value in values)
