"""Drawings of clips: their frames as a strip from left to right, with a map over each and its share of the map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.recordings import Clip, Raw
from mmlab.core.spans import divisor
from mmlab.viz.base.theme import rgb
from mmlab.viz.inputs.brightness import shown_range
from mmlab.viz.inputs.numbers import NumberDrawing
from mmlab.viz.inputs.raster import SMALL, enlarged, fitted, over, png, subdued, svg_image, unit

ROW = 8  # frames side by side
FEW = 8  # frames that stand larger under a map, half as many in a row, so that their numbers can be read on a phone
SIDE, ALONE = 72, 240  # of a frame in a panel, and of one that is alone
GAP = 2  # pixels of the input's colour between frames
BARS, TEXT = 26, 13  # height of the bars under a row of a panel, and of the letters below them
DRAWN = 96  # pixels of the longer side of a frame in a strip


class ClipDrawing(NumberDrawing):
    """Of clips, and of tensors `[C, T, H, W]` in [0, 1], or normalised. one, many: what is drawn side by side."""

    one, many = "frame", "frames"

    def recorded(self, raw: Clip, colour: str, what: str) -> Drawing:
        count, height, width = raw.pixels.shape[:3]
        text = f"{what}: {self._count(count)} of {width} by {height} pixels{_when(raw)}"
        frames = [enlarged(fitted(frame, DRAWN), DRAWN) for frame in raw.pixels]
        return Drawing(png(_strip(frames, colour)), "png", text, wide=count > 1)

    def thumbnail(self, raw: Clip, colour: str) -> Drawing:
        """Its frame in the middle."""
        middle = raw.pixels[len(raw.pixels) // 2]
        return Drawing(
            png(fitted(middle, SMALL)), "png", f"Sample: a clip of {self._count(len(raw.pixels))}", crisp=True
        )

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        frames = [enlarged(each, DRAWN) for each in _pixels(array)]
        text = f"{what}: {self._count(len(frames))} of {array.shape[3]} by {array.shape[2]} pixels"
        if heat is not None:
            frames = [over(frame, part) for frame, part in zip(frames, heat, strict=True)]
            text = f"{text}, with the map of where it looks"
        return Drawing(png(_strip(frames, colour)), "png", text, wide=len(frames) > 1)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        """A map over each frame, and under it as a bar the part of all that it has."""
        mass = np.abs(values).reshape(len(values), -1).sum(1)
        return self.side_by_side(array, values, paint, range(len(values)), mass / divisor(float(mass.sum())))

    def side_by_side(
        self, array: Floats, values: Floats, paint: Paint, numbers: Sequence[int], parts: Floats
    ) -> MapPanel:
        """Frames `[C, T, H, W]` with their maps `[T, H, W]`. numbers: of each, from 0; parts: of all, that it has."""
        boxes = places(len(numbers), *array.shape[2:])
        inside = ""
        for place, (frame, box) in enumerate(zip(_under_map(array, paint.paper), boxes, strict=True)):
            x, y, wide, high = box
            drawn = svg_image(frame, wide, high) + svg_image(paint.colours(values[place]), wide, high, True)
            bar = _bar(numbers[place], float(parts[place]), float(parts.max()), wide, high, paint.ink)
            inside += f'<g transform="translate({x} {y})">{drawn}{bar}</g>'
        _, lowest, wide, high = boxes[-1]
        width = max(x for x, *_ in boxes) + wide
        return MapPanel(width, lowest + high + BARS + TEXT, inside, self._most(numbers, parts))

    def _count(self, count: int) -> str:
        return f"one {self.one}" if count == 1 else f"{count} {self.many}"

    def _most(self, numbers: Sequence[int], parts: Floats) -> str:
        """What has most of the map, for those who do not see it."""
        order = np.argsort(-parts, kind="stable")[:3]
        named = ", ".join(
            f"{self.one} {numbers[place] + 1} {100 * parts[place]:.0f} %" for place in order if parts[place]
        )
        return f"Most: {named}." if named else f"No {self.one} stands out."


def places(count: int, height: int, width: int) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of each of so many frames of `height` by `width` pixels in a panel."""
    columns = min(count, ROW // 2 if count <= FEW else ROW)
    side = ALONE if count == 1 else SIDE
    high = max(1, round(side * height / width))
    return [
        (place % columns * side, place // columns * (high + BARS + TEXT), side - GAP, high) for place in range(count)
    ]


def _strip(frames: Sequence[NDArray[np.uint8]], colour: str) -> NDArray[np.uint8]:
    """Frames of one size in rows, with lines of the colour between them; places that are left over are empty."""
    columns = min(len(frames), ROW)
    height, width = frames[0].shape[:2]
    rows = -(-len(frames) // columns)
    paper = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), np.uint8)
    paper[:] = rgb(colour)
    for place in range(rows * columns):
        y, x = place // columns * (height + GAP), place % columns * (width + GAP)
        frame = frames[place] if place < len(frames) else np.full((height, width), 128, np.uint8)
        paper[y : y + height, x : x + width] = frame if frame.ndim == 3 else frame[..., None]
    return paper


def _pixels(array: Floats) -> NDArray[np.uint8]:
    """A tensor `[C, T, H, W]` as colours `[T, H, W, 3]`."""
    colours = array[:3] if len(array) >= 3 else np.repeat(array[:1], 3, 0)
    return np.asarray(shown_range(colours).transpose(1, 2, 3, 0) * 255, np.uint8)


def _under_map(array: Floats, paper: bool) -> NDArray[np.uint8]:
    """Frames in grey, subdued so that what lies over them is seen."""
    return subdued(unit(shown_range(array[:3]).mean(0)), paper)


def _bar(place: int, part: float, most: float, width: int, top: int, ink: str) -> str:
    """How much of the map a frame has, over the most that one has; its number below."""
    long = 0.0 if most <= 0 else (BARS - 6) * part / most
    style = f'font-size="{TEXT - 1}" font-family="sans-serif" text-anchor="middle" fill="{ink}"'
    said = f"{place + 1}: {100 * part:.0f} %" if width >= SIDE - GAP else str(place + 1)
    return (
        f'<rect x="{width / 2 - 8:.1f}" y="{top + BARS - 3 - long:.1f}" width="16" height="{max(long, 0.6):.1f}" '
        f'fill="{ink}"/><text x="{width / 2:.1f}" y="{top + BARS + TEXT - 4}" {style}>{said}</text>'
    )


def _when(raw: Clip) -> str:
    return f" from {raw.seconds[0]:.1f} to {raw.seconds[-1]:.1f} seconds" if len(raw.seconds) > 1 else ""
