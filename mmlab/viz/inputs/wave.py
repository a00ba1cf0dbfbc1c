"""The outline of a waveform, as SVG."""

from __future__ import annotations

import numpy as np

from mmlab.core.drawing import Floats
from mmlab.viz.inputs.raster import svg_points

STEPS = 400  # points of a drawn wave: more cannot be seen at the width of a card


def outline(wave: Floats, colour: str, width: int, height: int) -> str:
    """Lowest and highest value per step, as one filled shape over a line of silence: the inside of an SVG."""
    pieces = np.array_split(wave, min(STEPS, max(len(wave), 1)))
    high = np.array([piece.max(initial=0.0) for piece in pieces])
    low = np.array([piece.min(initial=0.0) for piece in pieces])
    loudest = max(float(high.max()), float(-low.min()), 1e-6)
    middle, most = height / 2, 0.475 * height
    x = np.linspace(0, width, len(pieces))
    upper, lower = middle - most * high / loudest, middle - most * low[::-1] / loudest
    points = [*zip(x, upper, strict=True), *zip(x[::-1], lower, strict=True)]
    shape = f'<polygon points="{svg_points(points)}" fill="{colour}" stroke="{colour}" stroke-width="1"/>'
    return f'<path d="M0 {middle:g}H{width}" stroke="{colour}" stroke-width="1" opacity=".5"/>{shape}'
