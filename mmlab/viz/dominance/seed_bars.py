"""One stacked bar per run: the inputs' shares of the Shapley value, with the interval of the first of them.

SVG in the page's ink. The input of the verdict comes first in each bar, so that its part ends where its interval lies
and bars can be compared with the line from which on an input dominates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mmlab.core.phrases import say

WIDE, LEFT, RIGHT = 460, 58, 8
ROW, BAR, HEAD, FOOT = 38, 24, 32, 26
SMALLEST_NAMED = 0.14  # a part below this has no room for its letter and number


@dataclass(frozen=True)
class Part:
    """One input in one run: its letter, label and colour; share: of the bar, signed; note: for the pointer."""

    letter: str
    label: str
    colour: str
    share: float
    note: str


@dataclass(frozen=True)
class Bar:
    """One run: its name, its parts from the left on, and the interval of the first part; NaN where there is none."""

    name: str
    parts: tuple[Part, ...]
    low: float
    high: float


def drawing(bars: Sequence[Bar], line: float, title: str, left: float = LEFT) -> str:
    """The bars. line: the share from which on an input dominates; left: the room for their names, pixels."""
    height = HEAD + ROW * len(bars) + FOOT
    notes = "; ".join(part.note for bar in bars for part in bar.parts)
    inside = [_legend(bars[0].parts, left), *(_bar(bar, HEAD + ROW * place, left) for place, bar in enumerate(bars))]
    bottom, gap = HEAD + ROW * len(bars), (ROW - BAR) / 2
    between = "".join(
        f"M{_x(line, left):.1f} {HEAD + ROW * place - gap:.1f}v{2 * gap:.0f}" for place in range(len(bars) + 1)
    )
    inside.append(f'<path d="{between}" stroke="currentColor" stroke-width="2"/>')
    inside.append(_text(_x(line, left), bottom + 19, say("{share} %: dominates", share=f"{100 * line:.0f}"), "end"))
    inside += [_text(_x(0, left), bottom + 19, "0 %", "start"), _text(_x(1, left), bottom + 19, "100 %", "end")]
    label = escape(f"{title}. {notes}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mm-plot" viewBox="0 0 {WIDE} {height}" role="img" '
        f'style="max-width:560px" aria-label="{label}" font-family="system-ui, sans-serif">{"".join(inside)}</svg>'
    )


def _bar(bar: Bar, top: float, left: float) -> str:
    found, start = [_text(left - 8, top + ROW / 2 + 4, bar.name, "end")], 0.0
    for part in bar.parts:
        size = abs(part.share)
        free = max(start, bar.high) if start and math.isfinite(bar.high) else start  # of the mark of the interval
        found.append(_part(part, start, size, top + (ROW - BAR) / 2, left, _x(free, left) + 8))
        start += size
    if math.isfinite(bar.low):
        low, high, middle = _x(bar.low, left), _x(bar.high, left), top + ROW / 2
        ends = f"M{low:.1f} {middle - 6:.1f}v12M{high:.1f} {middle - 6:.1f}v12"
        found.append(
            f'<path d="{ends}M{low:.1f} {middle:.1f}H{high:.1f}" '
            f'stroke="currentColor" stroke-width="2" fill="none"><title>95 % interval: {100 * bar.low:.0f} % to '
            f"{100 * bar.high:.0f} %</title></path>"
        )
    return "".join(found)


def _part(part: Part, start: float, size: float, top: float, zero: float, text: float) -> str:
    """text: from where on its letter and number stand, if they have room there."""
    left, wide = _x(start, zero), size * (WIDE - zero - RIGHT)
    against = part.share < 0
    look = 'fill-opacity=".08" stroke-dasharray="4 3"' if against else 'fill-opacity=".32"'
    box = (
        f'<rect x="{left + 0.7:.1f}" y="{top:.1f}" width="{max(0.5, wide - 1.4):.1f}" height="{BAR}" rx="4" '
        f'fill="{part.colour}" stroke="{part.colour}" stroke-width="1.6" {look}/>'
    )
    words = f"{part.letter} {'−' if against else ''}{100 * size:.0f} %"
    room = (left + wide - text + 8) / (WIDE - zero - RIGHT)
    named = _text(text, top + BAR / 2 + 4.3, words, "start", strong=True) if room >= SMALLEST_NAMED else ""
    return f"<g><title>{escape(part.note)}</title>{box}{named}</g>"


def _legend(parts: Sequence[Part], left: float) -> str:
    found, x = [], float(left)
    for part in parts:
        found.append(
            f'<rect x="{x:.1f}" y="5" width="12" height="12" rx="3" fill="{part.colour}" fill-opacity=".32" '
            f'stroke="{part.colour}" stroke-width="1.6"/>'
        )
        words = f"{part.letter} {part.label}"
        found.append(_text(x + 18, 15, words, "start"))
        x += 34 + 7.3 * len(words)
    return "".join(found)


def _x(share: float, left: float) -> float:
    return left + min(1.0, max(0.0, share)) * (WIDE - left - RIGHT)


def _text(x: float, y: float, text: str, anchor: str = "middle", strong: bool = False) -> str:
    weight = ' font-weight="600"' if strong else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12.5" fill="currentColor"{weight}>'
        f"{escape(text)}</text>"
    )
