"""Two gradients as arrows, their sum, and what is left of them when each gives up its part along the other."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from mmlab.viz.theme import ACCENT, METHODS, MUTED

WIDE, HIGH = 460, 330
FIRST, SECOND = METHODS[0], METHODS[4]
PLAIN, KEPT = METHODS[3], METHODS[2]
Point = NDArray[np.float64]


def drawing(arrows: dict[str, Point], labels: tuple[str, str], conflict: bool, alt: str) -> str:
    """arrows: `first`, `second`, `total`, `first_kept`, `second_kept`, `kept`, each `[2]`; y points upwards."""
    points = np.stack([np.zeros(2), *arrows.values()])
    low, high = points.min(0), points.max(0)
    scale = min((WIDE - 96) / max(float(high[0] - low[0]), 1e-9), (HIGH - 84) / max(float(high[1] - low[1]), 1e-9))
    middle = (low + high) / 2

    def at(point: Point) -> Point:
        return np.array([WIDE / 2 + scale * (point[0] - middle[0]), HIGH / 2 - scale * (point[1] - middle[1])])

    origin = at(np.zeros(2))
    parts = [_dot(origin)]
    if conflict:
        for name, to in (("first", "first_kept"), ("second", "second_kept")):
            parts.append(_dashed(at(arrows[name]), at(arrows[to])))
        parts.append(_arrow(origin, at(arrows["first_kept"]), FIRST, "", 2.0, dash=True))
        parts.append(_arrow(origin, at(arrows["second_kept"]), SECOND, "", 2.0, dash=True))
    parts.append(_arrow(origin, at(arrows["total"]), PLAIN, "sum", 3.0))
    if conflict:
        parts.append(_arrow(origin, at(arrows["kept"]), KEPT, "sum after", 3.0))
    parts.append(_arrow(origin, at(arrows["first"]), FIRST, labels[0], 3.0))
    parts.append(_arrow(origin, at(arrows["second"]), SECOND, labels[1], 3.0))
    size = f'viewBox="0 0 {WIDE} {HIGH}" role="img" style="width:100%;max-width:620px"'
    label = f'aria-label="{escape(alt, quote=True)}" font-family="system-ui, sans-serif"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {label}>{"".join(parts)}</svg>'


def legend(labels: tuple[str, str], conflict: bool) -> str:
    """The colours in words."""
    names = {labels[0]: FIRST, labels[1]: SECOND, "plain sum": PLAIN}
    if conflict:
        names["sum after both gave way"] = KEPT
    swatch = "display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:6px;vertical-align:3px"
    parts = "".join(f'<span><i style="{swatch};background:{c}"></i>{escape(n)}</span>' for n, c in names.items())
    dash = "<span>dashed: what each keeps</span>" if conflict else ""
    return f'<p class="mm-arrows-key">{parts}{dash}</p>'


def _arrow(start: Point, end: Point, colour: str, label: str, width: float, dash: bool = False) -> str:
    along = end - start
    length = float(np.hypot(*along))
    if length < 2:
        return ""
    unit = along / length
    side = np.array([-unit[1], unit[0]])
    tip = [end, end - 11 * unit + 5 * side, end - 11 * unit - 5 * side]
    stop = end - 9 * unit
    style = ' stroke-dasharray="5 4"' if dash else ""
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in tip)
    text = _label(end + 14 * unit, float(unit[0]), label, colour) if label else ""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{stop[0]:.1f}" y2="{stop[1]:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{style}/><polygon points="{head}" fill="{colour}"/>{text}'
    )


def _label(place: Point, across: float, label: str, colour: str) -> str:
    """A name at the head of an arrow that points `across` of the way to the right, kept inside the drawing."""
    x, y = float(place[0]), float(np.clip(place[1], 14, HIGH - 8))
    wide = 7.4 * len(label)
    anchor = "start" if across > 0.35 else "end" if across < -0.35 else "middle"
    low = {"start": 8.0, "end": 8 + wide, "middle": 8 + wide / 2}[anchor]
    x = float(np.clip(x, low, low + WIDE - 16 - wide))
    style = f'font-size="13" font-weight="600" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" dy=".35em" {style}>{escape(label)}</text>'


def _dashed(start: Point, end: Point) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="{MUTED}" '
        'stroke-width="1.2" stroke-dasharray="2 4"/>'
    )


def _dot(place: Point) -> str:
    return f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="4" fill="{ACCENT}"/>'
