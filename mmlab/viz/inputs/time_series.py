"""Curves over time, of sensors with several axes: distinguished by line style, so that one colour stays the input's.

>>> curves.chart(raw.values.T, raw.columns, colour, unit="g", seconds=(0.0, 1.0))     # with axes and a legend
>>> curves.lines(array, 340, 200, ["#E8ECF2"], casing="#12161D")                     # bare, to lie on something
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.spans import divisor
from mmlab.viz.base.theme import MUTED

Floats = NDArray[np.floating[Any]]
DASHES = ("", "7 4", "1 4.5")
WIDE, HIGH = 300, 200
LEFT, RIGHT, TOP, BELOW = 34, 8, 26, 24
MOST = 2000  # points of a drawn curve: more cannot be seen
MOST_NAMED, MOST_CURVES = 6, 32  # more cannot be told apart


def lines(rows: Floats, width: float, height: float, inks: Sequence[str], stroke: float = 2.2, casing: str = "") -> str:
    """One curve per row `[C, T]` on a common scale, in `inks` and strokes by turns; `casing` is drawn around them."""
    places = _places(rows, width, height)
    around = "".join(_line(each, casing, stroke + 2.4, "") for each in places) if casing else ""
    return around + "".join(_line(each, *style(i, inks, stroke)) for i, each in enumerate(places))


def style(row: int, inks: Sequence[str], stroke: float) -> tuple[str, float, str]:
    """Ink, width and dashes of a curve: first every ink, then the next kind of dashes."""
    dashes = DASHES[row // len(inks) % len(DASHES)]
    return inks[row % len(inks)], stroke + (0.6 if dashes == DASHES[2] else 0), dashes


def legend(names: Sequence[str], inks: Sequence[str], right: float, middle: float, text: str, casing: str = "") -> str:
    """A short piece of each curve with its name, in a row that ends at `right`."""
    widths = [34 + 8 * len(name[:8]) for name in names[:MOST_NAMED]]
    starts = right - np.cumsum(widths[::-1])[::-1]
    halo = f' stroke="{casing}" stroke-width="3" paint-order="stroke"' if casing else ""
    parts = []
    for i, (name, start) in enumerate(zip(names, starts, strict=False)):
        piece = np.array([[start, middle], [start + 22, middle]])
        around = _line(piece, casing, 4.6, "") if casing else ""
        parts.append(
            f"{around}{_line(piece, *style(i, inks, 2.2))}"
            f'<text x="{start + 26:.1f}" y="{middle + 5:.1f}" fill="{text}"{halo}>{escape(name[:8])}</text>'
        )
    return f'<g font-size="14" font-family="sans-serif">{"".join(parts)}</g>'


def chart(
    rows: Floats,
    names: Sequence[str],
    colour: str,
    unit: str,
    seconds: float,
    part: tuple[float, float] | None = None,
    under: str = "",
) -> str:
    """An SVG of curves `[C, T]` over `seconds` with both axes; `part` is the stretch that counts.

    under: what is drawn behind the curves, over the plot's width and height (see `plot_size`).
    """
    width, height = plot_size()
    low, high = float(rows.min(initial=0.0)), float(rows.max(initial=0.0))
    inks = (colour, MUTED)
    # axes and names first: where a curve meets them, the curve is what is seen
    inside = (
        f'<g transform="translate({LEFT} {TOP})">{under}{_part(part, seconds, width, height)}'
        f"{_levels(low, high, width, height)}{_times(seconds, width, height)}"
        f'{lines(rows, width, height, inks)}</g><g font-size="13" font-family="sans-serif" fill="{MUTED}">'
        f'<text x="2" y="15">{escape(unit[:12])}</text></g>'
        f"{legend(names, inks, WIDE - 2, 11, MUTED) if 1 < len(names) <= MOST_NAMED else ''}"
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}">{inside}</svg>'


def plot_size() -> tuple[int, int]:
    """Width and height of the part of a chart that holds the curves."""
    return WIDE - LEFT - RIGHT, HIGH - TOP - BELOW


def small(rows: Floats, colour: str, side: int = 100) -> str:
    """An SVG of curves `[C, T]` alone, for a gallery."""
    inside = lines(rows, side - 12, side - 24, (colour, MUTED), 4.0)
    moved = f'<g transform="translate(6 12)">{inside}</g>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">{moved}</svg>'


def steps_of(low: float, high: float, most: int) -> list[float]:
    """Up to `most` + 1 round numbers from `low` to `high`."""
    span = divisor(high - low)
    rough = span / most
    unit = 10.0 ** floor(log10(rough))
    step = next((size * unit for size in (1, 2, 5) if size * unit >= rough), 10 * unit)
    first = int(np.ceil(low / step - 1e-6))
    last = int(high / step + 1e-6) + 1 if high >= 0 else first + most
    return [float(f"{place * step:.12g}") for place in range(first, last)]


def _places(rows: Floats, width: float, height: float) -> list[Floats]:
    """The points `[n, 2]` of each curve, on the common scale from the least to the largest value (0 counts as one)."""
    rows = np.asarray(rows, np.float64).reshape(-1, np.shape(rows)[-1])[:MOST_CURVES]
    if rows.shape[1] > MOST:
        rows = rows[:, np.linspace(0, rows.shape[1] - 1, MOST).astype(int)]
    low, high = float(rows.min(initial=0.0)), float(rows.max(initial=0.0))
    x = np.linspace(0, width, rows.shape[1])
    y = height * (high - rows) / divisor(high - low)
    return [np.stack([x, each], 1) for each in y]


def _line(points: Floats, ink: str, width: float, dashes: str) -> str:
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{text}" fill="none" stroke="{ink}" stroke-width="{width:g}"{dashed} '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _part(part: tuple[float, float] | None, seconds: float, width: int, height: int) -> str:
    """A pale field over what counts, where it is not everything."""
    if part is None or (part[0] <= 0 and part[1] >= seconds - 1e-6):
        return ""
    first, last = (width * min(max(second / seconds, 0.0), 1.0) for second in part)
    return (
        f'<rect x="{first:.1f}" y="0" width="{max(last - first, 2):.1f}" height="{height}" fill="{MUTED}" '
        f'fill-opacity=".22" stroke="{MUTED}" stroke-width="1"/>'
    )


def _levels(low: float, high: float, width: int, height: int) -> str:
    """Thin lines at round values with their numbers; the one at 0 is stronger."""
    parts = []
    for value in steps_of(low, high, 4):
        y = height * (high - value) / divisor(high - low)
        strong = ".75" if value == 0 else ".3"
        parts.append(
            f'<path d="M0 {y:.1f}H{width}" stroke="{MUTED}" stroke-width="1" stroke-opacity="{strong}"/>'
            f'<text x="-5" y="{y + 4.5:.1f}" text-anchor="end">{value:g}</text>'
        )
    return f'<g font-size="13" font-family="sans-serif" fill="{MUTED}">{"".join(parts)}</g>'


def _times(seconds: float, width: int, height: int) -> str:
    marks = steps_of(0.0, seconds, 4)
    texts = [f"{value:g} s" if value == marks[-1] else f"{value:g}" for value in marks]
    labels = "".join(
        f'<text x="{width * value / divisor(seconds):.1f}" y="{height + 18}" '
        f'text-anchor="{"end" if value > 0.95 * seconds else "middle"}">{text}</text>'
        for value, text in zip(marks, texts, strict=True)
    )
    return f'<g font-size="13" font-family="sans-serif" fill="{MUTED}">{labels}</g>'
