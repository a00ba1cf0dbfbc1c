"""Pen strokes from JSON or a table, safely; and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture, Strokes
from mmlab.core.spans import divisor
from mmlab.modalities.files import check_bytes, short_number, shown_name
from mmlab.modalities.path.stroke_table import strokes_of_table

STROKES_BYTES = 1_000_000
STROKES_POINTS = 20_000
STROKES_SPAN = 1e6
STROKES_HINT = (
    'Use a CSV file with the columns stroke, x, y, or JSON like {"strokes": [[[10, 20], [12, 25]]]}, y downwards.'
)


def read_strokes(content: bytes, name: str = "") -> Strokes:
    """Pen strokes from `{"strokes": [[[x, y], ...], ...]}`, or a table of points, in any unit, y downwards."""
    label = shown_name(name, "The drawing")
    check_bytes(content, label, STROKES_BYTES, STROKES_HINT)
    if name.lower().endswith(".csv") or not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return check_drawn(_bounded(strokes_of_table(content, label), label), label)
    try:
        found: Any = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{label} is not JSON, or it is cut off.", STROKES_HINT) from error
    lines = found.get("strokes") if isinstance(found, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
        raise DataError(f"{label} holds no list of strokes.", STROKES_HINT)
    if sum(len(line) for line in lines) > STROKES_POINTS:
        raise DataError(f"{label} has more than {STROKES_POINTS:,} points.", "Draw it with fewer.")
    if not all(_is_point(point) for line in lines for point in line):
        raise DataError(f"{label} has points that are not two finite numbers.", STROKES_HINT)
    strokes = Strokes(tuple(np.array(line, np.float32).reshape(-1, 2) for line in lines if line))
    return check_drawn(strokes, label)


def _bounded(strokes: Strokes, label: str) -> Strokes:
    """The same strokes. Raises DataError for more points, or larger numbers, than a drawing has."""
    points = np.concatenate(strokes.strokes)
    if len(points) > STROKES_POINTS:
        raise DataError(f"{label} has more than {STROKES_POINTS:,} points.", "Draw it with fewer.")
    if not np.isfinite(points).all() or float(np.abs(points).max()) > STROKES_SPAN:
        raise DataError(f"{label} has points that are not two finite numbers.", STROKES_HINT)
    return strokes


def _is_point(point: Any) -> bool:
    if not isinstance(point, list) or len(point) != 2:
        return False
    return all(type(value) in (int, float) and abs(value) <= STROKES_SPAN for value in point)


def check_drawn(strokes: Strokes, label: str = "The drawing") -> Strokes:
    """The same strokes. Raises DataError where nothing is drawn, or only a dot."""
    count = sum(len(stroke) for stroke in strokes.strokes)
    if count < 2:
        raise DataError(
            f"{label} {'has a single point' if count else 'is empty'}.", "Draw a digit with at least one stroke."
        )
    if float(np.ptp(np.concatenate(strokes.strokes), axis=0).max()) <= 0:
        raise DataError(f"{label} is only a dot.", "Draw a digit with at least one stroke.")
    return strokes


def encode_strokes(strokes: Strokes) -> bytes:
    """JSON with coordinates to two decimals."""
    lines = [[[short_number(x), short_number(y)] for x, y in stroke.tolist()] for stroke in strokes.strokes]
    return json.dumps({"strokes": lines}, separators=(",", ":")).encode()


def draw_strokes(strokes: Strokes, side: int = 112, width: float = 0.08) -> Picture:
    """White strokes on black, `[side, side]`: the picture of a drawn path. `width` as a share of `side`."""
    points = np.concatenate(strokes.strokes)
    low, span = points.min(0), divisor(float(np.ptp(points, axis=0).max()))
    middle = (np.ptp(points, axis=0) / span) / 2
    canvas = Image.new("L", (2 * side, 2 * side), 0)
    pen, thick = ImageDraw.Draw(canvas), max(2, round(2 * side * width))
    for stroke in strokes.strokes:
        path = ((stroke - low) / span - middle) * 1.5 * side + side
        dots = [(float(x), float(y)) for x, y in path]
        pen.line(dots, fill=255, width=thick, joint="curve")
        for x, y in (dots[0], dots[-1]):
            pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=255)
    return Picture(np.array(canvas.resize((side, side), Image.Resampling.BOX), dtype=np.uint8))
