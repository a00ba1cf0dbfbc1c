"""The time axis of a pen path, in percent of its length: times are not recorded. Blanked means a lifted pen."""

from __future__ import annotations

import numpy as np

from mmlab.core.drawing import Floats
from mmlab.core.phrases import phrase
from mmlab.core.recordings import Strokes
from mmlab.core.time_axis import Part, TimeAxis, Timeline
from mmlab.viz.base.theme import MUTED
from mmlab.viz.inputs import time_series
from mmlab.viz.inputs.raster import placed, svg_points

STEPS = 100


class PathTime(TimeAxis):
    """Of strokes; a path `[2, n]` runs with it along its last dimension, over the ways between strokes too."""

    blank = phrase("a lifted pen")

    def timeline(self, raw: Strokes) -> Timeline:
        return Timeline(STEPS if _length(raw) > 0 else 0, 1.0, phrase("% of the way"))

    def blanked(self, raw: Strokes, first: int, last: int) -> Strokes:
        """What was drawn before the stretch, and after it."""
        if first >= last:
            return raw
        whole = _length(raw)
        before, after = _drawn(raw, 0.0, whole * first / STEPS), _drawn(raw, whole * last / STEPS, whole)
        return Strokes((*before, *after))

    def strip(self, raw: Strokes, colour: str, width: int, height: int) -> str:
        """How far right and how far up the pen is on its way."""
        whole = _length(raw)
        at = [_drawn(raw, whole * share, whole)[0][0] for share in np.linspace(0, 1, STEPS, endpoint=False)]
        rows = np.asarray(at).T * np.array([[1.0], [-1.0]])
        return time_series.lines(rows - rows.mean(1, keepdims=True), width, height, (colour, MUTED))

    def seen(self, raw: Strokes, first: int, last: int) -> Part | None:
        """The straight line from where the pen is lifted to where it goes on, by length; nowhere at either end."""
        whole = _length(raw)
        before, after = _drawn(raw, 0.0, whole * first / STEPS), _drawn(raw, whole * last / STEPS, whole)
        if not before or not after:
            return None
        start, end = np.concatenate(before), np.concatenate(after)
        lengths = (_steps(start).sum(), _steps(np.stack([start[-1], end[0]])).sum(), _steps(end).sum())
        return float(lengths[0] / sum(lengths)), float(1 - lengths[2] / sum(lengths))

    def shade(self, array: Floats, part: Part, width: int, height: int, ink: str) -> str:
        """The part of the path as a broad dashed line."""
        place = placed(array[:2].T, width)
        moments = np.linspace(*part, 24) * (len(place) - 1)
        along = [np.interp(moments, np.arange(len(place)), place[:, axis]) for axis in (0, 1)]
        return (
            f'<polyline points="{svg_points(np.stack(along, 1))}" fill="none" stroke="{ink}" stroke-width="14" '
            'stroke-dasharray="3 5" stroke-opacity=".75"/>'
        )


def _length(raw: Strokes) -> float:
    """Of what is drawn, without the ways between strokes."""
    return sum(float(_steps(stroke).sum()) for stroke in raw.strokes)


def _steps(stroke: Floats) -> Floats:
    return np.hypot(*np.diff(stroke.astype(np.float64), axis=0).T)


def _drawn(raw: Strokes, first: float, last: float) -> list[Floats]:
    """The strokes between two lengths of way, cut where they cross them; a stroke without length stays where it is."""
    found: list[Floats] = []
    passed = 0.0
    for stroke in raw.strokes:
        along = passed + np.concatenate([[0.0], np.cumsum(_steps(stroke))])
        passed = float(along[-1])
        low, high = max(first, float(along[0])), min(last, passed)
        if low > high or (low == high and len(stroke) > 1):
            continue
        inside = stroke[(along > low) & (along < high)]
        ends = [[np.interp(edge, along, stroke[:, axis]) for axis in (0, 1)] for edge in dict.fromkeys((low, high))]
        found.append(np.concatenate([[ends[0]], inside, ends[1:]] if len(ends) > 1 else [ends[0:1]]).astype(np.float32))
    return found
