"""The time axis of clips, in frames. Blanked means black."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmlab.core.drawing import Floats
from mmlab.core.phrases import phrase
from mmlab.core.recordings import Clip
from mmlab.core.time_axis import Part, TimeAxis, Timeline, hatched
from mmlab.modalities.frames.draw import places
from mmlab.viz.inputs.raster import fitted, svg_image

FAINT = 24  # of 255, so that it is left after frames are made smaller


class ClipTime(TimeAxis):
    """Of clips; a tensor `[C, T, H, W]` runs with it along its second dimension."""

    blank = phrase("black frames")
    dimension = 1

    def timeline(self, raw: Clip) -> Timeline:
        return Timeline(len(raw.pixels), 1.0, phrase("frames"), counted=True)

    def blanked(self, raw: Clip, first: int, last: int) -> Clip:
        pixels = raw.pixels.copy()
        pixels[first:last] = 0
        return replace(raw, pixels=pixels)

    def strip(self, raw: Clip, colour: str, width: int, height: int) -> str:
        """A frame beside the next, each in the middle of its own time; the sides are cut off where there is no room."""
        return "".join(
            f'<g transform="translate({place:.2f} 0)">{svg_image(frame, wide, height)}</g>'
            for place, wide, frame in _beside(raw, width, height)
        )

    def marked(self, raw: Clip, first: int, last: int, way: int) -> Clip:
        """Frames that are not quite black, or black."""
        found = self.blanked(raw, first, last)
        found.pixels[first:last] = FAINT * way
        return found

    def shade(self, array: Floats, part: Part, width: int, height: int, ink: str) -> str:
        """Every frame of the part, where a panel has it."""
        count = array.shape[self.dimension]
        first, last = (round(share * count) for share in part)
        boxes = places(count, *array.shape[2:])
        return "".join(hatched(*box, ink) for box in boxes[first:last])


def _beside(raw: Clip, width: int, height: int) -> Iterator[tuple[float, int, NDArray[np.uint8]]]:
    """Where each frame starts, how wide it is, and its pixels."""
    room = width / len(raw.pixels)
    tall, across = raw.pixels.shape[1:3]
    natural = height * across / tall
    columns = max(1, round(across * min(1.0, room / natural)))
    left, wide = (across - columns) // 2, min(natural, room - 1)
    for place, frame in enumerate(raw.pixels):
        kept = fitted(np.atleast_3d(frame[:, left : left + columns]), height)
        yield place * room + (room - wide) / 2, max(1, round(wide)), kept.repeat(3 if kept.shape[2] == 1 else 1, 2)
