"""Drawings of slices of scans: the outside of the head is black."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.recordings import Raw
from mmlab.modalities.image.draw import PictureDrawing

BLACK, WHITE = -2.5, 3.5  # spreads about the mean of a slice that become black and white


class ScanDrawing(PictureDrawing):
    """Of slices, and of tensors `[1, H, W]` with mean 0 and spread 1 in the head and exactly 0 outside."""

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        return super().seen(self.greys(array)[None], colour, what, heat, of, words)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        return super().panel(self.greys(array)[None], values, paint, scales, words)

    def greys(self, array: Floats) -> Floats:
        """0 outside the head."""
        return greys(array[0])


def greys(values: Floats) -> Floats:
    """Numbers with mean 0 and spread 1 as greys in [0, 1]; 0 stays black, for what is outside."""
    numbers = np.asarray(values, np.float32)
    return np.where(numbers == 0, 0.0, np.clip((numbers - BLACK) / (WHITE - BLACK), 0.02, 1))
