"""Drawings of images: unchanged, with a map over them, in grey under regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.phrases import say
from mmlab.core.recordings import Picture, Raw
from mmlab.viz.inputs.brightness import shown_range
from mmlab.viz.inputs.numbers import NumberDrawing
from mmlab.viz.inputs.raster import SMALL, enlarged, fitted, over, png, subdued, svg_image, unit

SIDE = 240


class PictureDrawing(NumberDrawing):
    """Of pictures `[H, W]` or `[H, W, 3]`, and of tensors `[C, H, W]` in [0, 1], or normalised."""

    def recorded(self, raw: Picture, colour: str, what: str) -> Drawing:
        height, width = raw.pixels.shape[:2]
        text = say("{what}: a picture of {width} by {height} pixels", what=what, width=width, height=height)
        return Drawing(png(fitted(raw.pixels)), "png", text, width < 96)

    def thumbnail(self, raw: Picture, colour: str) -> Drawing:
        return self.recorded(Picture(fitted(raw.pixels, SMALL)), colour, say("Sample"))

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        planes = array if array.ndim == 3 else array[None]
        colours = planes[:3] if len(planes) >= 3 else np.repeat(planes[:1], 3, 0)
        pixels = np.asarray(shown_range(colours).transpose(1, 2, 0) * 255, np.uint8)
        text = say(
            "{what}: a picture of {width} by {height} pixels", what=what, width=pixels.shape[1], height=pixels.shape[0]
        )
        if heat is not None:
            return Drawing(
                png(over(enlarged(pixels), heat)), "png", say("{text}, with the map of where it looks", text=text)
            )
        return Drawing(png(pixels), "png", text, crisp=True)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        """The map over the picture; over curves where the tensor has no rows and columns."""
        if array.ndim != 3:
            return super().panel(array, values, paint, scales, words)
        height = round(SIDE * array.shape[1] / array.shape[2])
        base = svg_image(_under_map(array, paint.paper), SIDE, height)
        over_it = svg_image(paint.colours(values), SIDE, height, smooth=True)
        return MapPanel(SIDE, height, base + over_it, scales=scales)

    def greys(self, array: Floats) -> Floats:
        """Of colours their mean."""
        return shown_range(array[:3]).mean(0)


def _under_map(array: Floats, paper: bool) -> NDArray[np.uint8]:
    """A picture in grey (one plane) or colour, subdued so that what lies over it is seen."""
    if len(array) < 3:
        return subdued(unit(array[0]), paper)
    planes = shown_range(array[:3]).transpose(1, 2, 0)
    return np.asarray(255 * (0.55 + 0.4 * planes if paper else 0.75 * planes), np.uint8)
