"""Pixels, palettes and small SVG pieces that the drawings of inputs are made of."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.spans import divisor
from mmlab.viz.base.theme import SEQUENTIAL, rgb

Floats = NDArray[np.floating[Any]]
HEAT = ((0.0, "#2A1A4A"), (0.35, "#A8325A"), (0.65, "#F0803C"), (1.0, "#FFF2A8"))
WIDE, HIGH = 320, 160
LARGEST, SMALL = 320, 32


def palette(values: Floats) -> NDArray[np.uint8]:
    """Values in [0, 1] as colours of the sequential palette: `[...]` -> uint8 `[..., 3]`."""
    return sequential_table()[np.clip(np.asarray(values) * 255, 0, 255).astype(np.uint8)]


def over(pixels: NDArray[np.uint8], heat: Floats) -> NDArray[np.uint8]:
    """A map in [0, 1] laid over colours `[H, W, 3]`, stronger where it is higher."""
    size = (pixels.shape[1], pixels.shape[0])
    image = Image.fromarray(np.asarray(heat, np.float32)).resize(size, Image.Resampling.BILINEAR)
    scaled = np.clip(np.asarray(image), 0, 1)
    weight = (0.15 + 0.6 * scaled)[..., None]
    return np.asarray((1 - weight) * pixels + weight * heat_table()[(scaled * 255).astype(np.uint8)], np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def fitted(pixels: NDArray[np.uint8], largest: int = LARGEST) -> NDArray[np.uint8]:
    """Pixels `[H, W, ...]`, made smaller where a side is longer than `largest`."""
    if max(pixels.shape[:2]) <= largest:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((largest, largest), Image.Resampling.BOX)
    return np.asarray(image)


def enlarged(pixels: NDArray[np.uint8], side: int = 168) -> NDArray[np.uint8]:
    """Every pixel repeated until the longer side is near `side`."""
    times = max(1, side // max(pixels.shape[:2]))
    return pixels.repeat(times, 0).repeat(times, 1)


def unit(values: Floats) -> Floats:
    """Values from their least, 0, to their largest, 1."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / divisor(high - low)


def placed(points: Floats, side: int) -> Floats:
    """Points `[n, 2]` brought into a square with a margin, aspect kept."""
    low, high = points.min(0), points.max(0)
    scale = 0.8 * side / divisor(float((high - low).max()))
    return (points - (low + high) / 2) * scale + side / 2


def svg_points(places: Iterable[Sequence[float]]) -> str:
    """Places for the `points` of a polyline or polygon."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def plain_svg(width: int, height: int, inside: str) -> bytes:
    """A whole SVG."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{inside}</svg>'.encode()


def hex_of(colour: NDArray[np.uint8]) -> str:
    """`#RRGGBB` of a colour."""
    return "#{:02X}{:02X}{:02X}".format(*colour[:3])


@lru_cache(maxsize=1)
def sequential_table() -> NDArray[np.uint8]:
    """The sequential palette, uint8 `[256, 3]`."""
    return _between([(float(stop), str(colour)) for stop, colour in SEQUENTIAL])


@lru_cache(maxsize=1)
def heat_table() -> NDArray[np.uint8]:
    """Black-body order: each step is lighter than the one before, so it reads in grey, too."""
    return _between(HEAT)


def _between(stops: Sequence[tuple[float, str]]) -> NDArray[np.uint8]:
    places, colours = [place for place, _ in stops], np.array([rgb(colour) for _, colour in stops])
    grid = np.linspace(0, 1, 256)
    return np.stack([np.interp(grid, places, colours[:, i]) for i in range(3)], 1).astype(np.uint8)


def svg_image(pixels: NDArray[np.uint8], width: int, height: int, smooth: bool = False) -> str:
    """Pixels as an image element, stretched to this size."""
    crisp = "" if smooth else ' style="image-rendering:pixelated"'
    source = f"data:image/png;base64,{b64encode(png(pixels)).decode()}"
    return f'<image href="{source}" width="{width}" height="{height}" preserveAspectRatio="none"{crisp}/>'


def subdued(values: Floats, paper: bool) -> NDArray[np.uint8]:
    """Greys of values in [0, 1], so pale or so dark that what lies over them is seen."""
    return np.asarray(245 - 110 * values if paper else 18 + 170 * values, np.uint8)
