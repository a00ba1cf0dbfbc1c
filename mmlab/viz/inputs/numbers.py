"""Generic drawings of tensors: a strip of their numbers, and curves along the last axis under a map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.errors import Unsupported
from mmlab.core.recordings import Raw
from mmlab.viz.inputs.raster import palette, png, svg_image, unit
from mmlab.viz.inputs.time_series import legend, lines

WIDE, HIGH = 340, 200


class NumberDrawing(ABC):
    """An `InputDrawing` for any kind: a subclass draws the recordings, and what else it can tell better."""

    @abstractmethod
    def recorded(self, raw: Any, colour: str, what: str) -> Drawing:
        """What a sensor recorded, or a person brought."""

    def thumbnail(self, raw: Any, colour: str) -> Drawing:
        """The same, small, for a gallery."""
        return self.recorded(raw, colour, "Sample")

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        """The numbers as a strip."""
        flat = np.asarray(array, np.float32).reshape(1, -1)
        return Drawing(png(palette(unit(flat))), "png", f"{what}: {flat.size} numbers", crisp=True)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        """Curves along the last axis, over columns of colour."""
        ink = (paint.ink,)
        names = legend(scales.curves, ink, WIDE - 4, 12, ink[0], paint.ground) if scales else ""
        # strokes tell the curves apart, and their rims keep them readable on any heat
        curves = lines(array, WIDE, HIGH - 32, ink, 2.0, paint.ground)
        under = svg_image(paint.colours(values.reshape(1, -1)), WIDE, HIGH, smooth=True)
        return MapPanel(WIDE, HIGH, f'{under}<g transform="translate(0 24)">{curves}</g>{names}', scales=scales)

    def scales(self, shape: tuple[int, ...], raw: Raw) -> Scales | None:
        """None: the numbers have no axes."""
        return None

    def greys(self, array: Floats) -> Floats:
        """Raises Unsupported: places of these numbers are not places of a picture."""
        raise Unsupported("Regions can only be drawn over pictures.", "Use modalities of kind image or scan.")
