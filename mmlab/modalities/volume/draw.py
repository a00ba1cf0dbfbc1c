"""Drawings of whole scans: some of their slices from below, side by side, with a map over each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.recordings import Clip, Raw, ScanVolume
from mmlab.core.spans import divisor
from mmlab.modalities.frames.draw import ClipDrawing
from mmlab.modalities.frames.sampling import evenly
from mmlab.modalities.scan.draw import greys
from mmlab.viz.inputs.raster import SMALL, fitted, png

SHOWN = 8  # slices


def chosen(count: int, most: int = SHOWN) -> list[int]:
    """The slices that are shown of so many: the middles of equal parts of the height."""
    return evenly(count, min(count, most))


class VolumeDrawing(ClipDrawing):
    """Of scans, and of tensors `[1, D, H, W]` with mean 0 and spread 1 where there is something, 0 elsewhere."""

    one, many = "slice", "slices"

    def recorded(self, raw: Raw, colour: str, what: str) -> Drawing:
        assert isinstance(raw, ScanVolume)
        return super().recorded(Clip(raw.voxels[chosen(len(raw.voxels))]), colour, what)

    def thumbnail(self, raw: Raw, colour: str) -> Drawing:
        """Its slice in the middle."""
        assert isinstance(raw, ScanVolume)
        middle = raw.voxels[len(raw.voxels) // 2]
        return Drawing(png(fitted(middle, SMALL)), "png", f"Sample: a scan of {len(raw.voxels)} slices", crisp=True)

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        kept = chosen(array.shape[1])
        return super().seen(greys(array[:1, kept]), colour, what, None if heat is None else heat[kept], None, words)

    def greys(self, array: Floats) -> Floats:
        """`[D, H, W]`, 0 outside."""
        return greys(array[0])

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        """Each slice that is shown has the part of all that its part of the height has."""
        count = array.shape[1]
        kept = chosen(count)
        mass = np.abs(values).reshape(count, -1).sum(1)
        first = [place * count // len(kept) for place in range(len(kept))]
        parts = np.add.reduceat(mass, first) / divisor(float(mass.sum()))
        return self.side_by_side(greys(array[:1, kept]), values[kept], paint, kept, parts)
