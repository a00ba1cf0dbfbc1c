"""Two gradients as arrows, their sum, and what is left of them when each loses its component along the other."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from mmlab.core.phrases import say
from mmlab.core.spans import divisor
from mmlab.viz.base.theme import ACCENT, METHODS, MUTED

WIDE, HIGH = 460, 330
FIRST, SECOND = METHODS[0], METHODS[4]
PLAIN, KEPT = METHODS[3], METHODS[2]
Point = NDArray[np.float64]


def drawing(arrows: dict[str, Point], labels: tuple[str, str], conflict: bool, alt: str) -> str:
    """arrows: `first`, `second`, `total`, `first_kept`, `second_kept`, `kept`, each `[2]`; y points upwards.

    What a script needs to move them stands in the drawing: `data-origin` and `data-scale` (pixels), a group per arrow
    (`data-arrow`), a line from an arrow to what is kept of it (`data-link`), and the heads to drag (`data-drag`).
    """
    points = np.stack([np.zeros(2), *arrows.values()])
    low, high = points.min(0), points.max(0)
    scale = min((WIDE - 96) / divisor(float(high[0] - low[0])), (HIGH - 84) / divisor(float(high[1] - low[1])))
    middle = (low + high) / 2

    def at(point: Point) -> Point:
        return np.array([WIDE / 2 + scale * (point[0] - middle[0]), HIGH / 2 - scale * (point[1] - middle[1])])

    origin = at(np.zeros(2))
    parts = [_dot(origin)]
    for name in ("first", "second"):
        parts.append(_dashed(name, at(arrows[name]), at(arrows[f"{name}_kept"]), conflict))
    for name, colour, label, kept in (
        ("first_kept", FIRST, "", True),
        ("second_kept", SECOND, "", True),
        ("total", PLAIN, say("sum"), False),
        ("kept", KEPT, say("sum after"), True),
        ("first", FIRST, labels[0], False),
        ("second", SECOND, labels[1], False),
    ):
        style = Style(colour, label, dash=kept and not label, shown=conflict or not kept)
        parts.append(_arrow(name, origin, at(arrows[name]), style))
    parts += [_handle(name, at(arrows[name])) for name in ("first", "second")]
    size = f'viewBox="0 0 {WIDE} {HIGH}" role="img" style="width:100%;max-width:620px"'
    label = f'aria-label="{escape(alt, quote=True)}" font-family="system-ui, sans-serif"'
    place = f'data-origin="{origin[0]:.2f} {origin[1]:.2f}" data-scale="{scale:.4f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {label} {place}>{"".join(parts)}</svg>'


def legend(labels: tuple[str, str], conflict: bool) -> str:
    """The colours in words."""
    names = {labels[0]: FIRST, labels[1]: SECOND, say("plain sum"): PLAIN}
    if conflict:
        names[say("sum after projection")] = KEPT
    swatch = "display:inline-block;width:18px;height:4px;border-radius:2px;margin-right:6px;vertical-align:3px"
    parts = "".join(f'<span><i style="{swatch};background:{c}"></i>{escape(n)}</span>' for n, c in names.items())
    dash = f"<span>{say('dashed: each after projection')}</span>" if conflict else ""
    return f'<p class="mm-arrows-key">{parts}{dash}</p>'


@dataclass(frozen=True)
class Style:
    """How an arrow is drawn: without a label it is a thin one."""

    colour: str
    label: str
    dash: bool
    shown: bool


def _arrow(name: str, start: Point, end: Point, style: Style) -> str:
    along = end - start
    length = float(np.hypot(*along))
    unit = along / divisor(length)
    side = np.array([-unit[1], unit[0]])
    tip = [end, end - 11 * unit + 5 * side, end - 11 * unit - 5 * side]
    stop = end - 9 * unit
    dash = ' stroke-dasharray="5 4"' if style.dash else ""
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in tip)
    text = _label(end + 14 * unit, float(unit[0]), style.label, style.colour) if style.label else ""
    hidden = "" if style.shown and length >= 2 else ' style="display:none"'
    return (
        f'<g data-arrow="{name}"{hidden}><line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{stop[0]:.1f}" '
        f'y2="{stop[1]:.1f}" stroke="{style.colour}" stroke-width="{3.0 if style.label else 2.0}"{dash}/>'
        f'<polygon points="{head}" fill="{style.colour}"/>{text}</g>'
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


def _dashed(name: str, start: Point, end: Point, shown: bool) -> str:
    hidden = "" if shown else ' style="display:none"'
    return (
        f'<line data-link="{name}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{MUTED}" stroke-width="1.2" stroke-dasharray="2 4"{hidden}/>'
    )


def _handle(name: str, place: Point) -> str:
    """What a finger takes an arrow by."""
    return f'<circle data-drag="{name}" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="17" fill="transparent"/>'


def _dot(place: Point) -> str:
    return f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="4" fill="{ACCENT}"/>'
