"""Drawings of pen paths: the strokes of a recording, and the points along the path that a model sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Pixels, Scales
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw, Strokes
from mmlab.viz.inputs.numbers import NumberDrawing
from mmlab.viz.inputs.raster import WIDE, heat_table, hex_of, placed, plain_svg, svg_points

SIDE = 240
LINE = "#77818E"
STEPS = 96  # pieces that a coloured path is drawn in


class PathDrawing(NumberDrawing):
    """Of strokes, and of paths `[2, n]`."""

    def recorded(self, raw: Strokes, colour: str, what: str) -> Drawing:
        return Drawing(
            _strokes(raw.strokes, colour),
            "svg+xml",
            say("{what}: {count} pen strokes", what=what, count=len(raw.strokes)),
        )

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        points = array[:2].T
        text = say("{what}: {count} points along the pen's path", what=what, count=len(points))
        if heat is None:
            return Drawing(_dots(points, [colour] * len(points)), "svg+xml", text)
        values = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(heat)), heat)
        colours = [hex_of(heat_table()[int(value * 255)]) for value in np.clip(values, 0, 1)]
        return Drawing(
            _dots(points, colours, values), "svg+xml", say("{text}, with the map of where it looks", text=text)
        )

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        return MapPanel(SIDE, SIDE, _heated(array, values, paint.colours))


def _strokes(strokes: Sequence[Floats], colour: str) -> bytes:
    if not strokes:
        return plain_svg(WIDE // 2, WIDE // 2, "")
    place = placed(np.concatenate(strokes), WIDE // 2)
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    lines = "".join(
        f'<polyline points="{svg_points(part)}" fill="none" stroke="{colour}" stroke-width="7" stroke-linecap="round"'
        ' stroke-linejoin="round"/>'
        for part in np.split(place, ends)
    )
    return plain_svg(WIDE // 2, WIDE // 2, lines)


def _dots(points: Floats, colours: Sequence[str], weights: Floats | None = None) -> bytes:
    """Points joined by a line, the first one hollow, so that the direction is seen."""
    place = placed(points, WIDE // 2)
    radius = np.full(len(points), 5.0) if weights is None else 4 + 6 * np.asarray(weights)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{colour if i else "none"}" stroke="{colour}" '
        'stroke-width="2.5"/>'
        for i, ((x, y), r, colour) in enumerate(zip(place, radius, colours, strict=True))
    )
    line = f'<polyline points="{svg_points(place)}" fill="none" stroke="#7B8794" stroke-width="2"/>'
    return plain_svg(WIDE // 2, WIDE // 2, line + dots)


def _heated(array: Floats, values: Floats, colours: Callable[[Floats], Pixels]) -> str:
    """The pen's path in short pieces, each in the colour of its place, over a thin line; a ring where it starts."""
    place = placed(array[:2].T, SIDE)
    steps = np.linspace(0, len(place) - 1, STEPS + 1)
    fine = np.stack([np.interp(steps, np.arange(len(place)), place[:, i]) for i in (0, 1)], 1)
    heat = np.interp(np.linspace(0, 1, STEPS), np.linspace(0, 1, len(values)), values)
    shades = colours(heat)
    order = np.argsort(np.abs(heat), kind="stable")  # what matters most is drawn on top
    pieces = "".join(
        f'<path d="M{fine[i, 0]:.1f} {fine[i, 1]:.1f}L{fine[i + 1, 0]:.1f} {fine[i + 1, 1]:.1f}" '
        f'stroke="{hex_of(shades[i])}" stroke-opacity="{shades[i, 3] / 255:.2f}" '
        f'stroke-width="{5 + 9 * abs(heat[i]):.1f}" stroke-linecap="round"/>'
        for i in order
        if shades[i, 3] > 5
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in place)
    x, y = place[0]
    start = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="none" stroke="{LINE}" stroke-width="2"/>'
    return f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="2.5"/>{pieces}{start}'
