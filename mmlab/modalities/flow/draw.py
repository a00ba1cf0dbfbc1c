"""Drawings of optical flow in the usual way: hue is direction, saturation is speed; white is no motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Pixels, Scales
from mmlab.core.phrases import say
from mmlab.core.recordings import Flow, Picture, Raw
from mmlab.modalities.flow.vectors import shares_of
from mmlab.modalities.image.draw import PictureDrawing
from mmlab.viz.inputs.raster import SMALL, fitted, png

FULL = 0.6  # of the largest flow, from which on a colour is as strong as it gets
WHEEL = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]], float)  # right is red


class FlowDrawing(PictureDrawing):
    """Of flow pictures, and of tensors `[2, H, W]` in [-1, 1]."""

    def recorded(self, raw: Picture, colour: str, what: str) -> Drawing:
        height, width = raw.pixels.shape[:2]
        pixels = _bytes(in_colours(shares_of(fitted(raw.pixels))))
        return Drawing(png(pixels), "png", _said(what, width, height), width < 96)

    def thumbnail(self, raw: Picture, colour: str) -> Drawing:
        return self.recorded(Flow(fitted(raw.pixels, SMALL)), colour, say("Sample"))

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        said = _said(what, array.shape[2], array.shape[1])
        if heat is not None:  # whose colours would not be told from those of directions
            said = say("{text}, with the map of where it looks", text=said)
        shown = in_colours(array) if heat is None else self.greys(array)[None]
        return replace(super().seen(shown, colour, what, heat, of, words), alt=said)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        return super().panel(self.greys(array)[None] if array.ndim == 3 else array, values, paint, scales, words)

    def greys(self, array: Floats) -> Floats:
        """How fast it is."""
        return np.clip(np.hypot(*np.asarray(array[:2], float)), 0, 1)


def in_colours(shares: Floats) -> Floats:
    """Flow `[2, H, W]` in [-1, 1] as red, green and blue `[3, H, W]` in [0, 1].

    >>> in_colours(np.array([[[0.0, 1.0]], [[0.0, 0.0]]])).round(2).tolist()  # still; to the right
    [[[1.0, 1.0]], [[1.0, 0.0]], [[1.0, 0.0]]]
    """
    aside, down = np.asarray(shares[:2], float)
    turn = np.arctan2(-down, aside) / (2 * np.pi) % 1 * (len(WHEEL) - 1)
    strength = np.clip(np.hypot(aside, down) / FULL, 0, 1)
    full = np.stack([np.interp(turn, np.arange(len(WHEEL)), WHEEL[:, plane]) for plane in range(3)])
    return 1 - strength * (1 - full)


def _bytes(planes: Floats) -> Pixels:
    return np.round(planes.transpose(1, 2, 0) * 255).astype(np.uint8)


def _said(what: str, width: int, height: int) -> str:
    return say(
        "{what}: optical flow of {width} by {height} pixels; colours are directions, white is still",
        what=what,
        width=width,
        height=height,
    )
