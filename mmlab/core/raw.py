"""What a sensor recorded or a person brought, decoded and safe, before it is brought to the model's world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Picture:
    """`pixels` uint8 `[H, W]` (grey) or `[H, W, 3]` (colour)."""

    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Sound:
    """`wave` float32 `[T]` in [-1, 1], mono, at `rate` samples a second."""

    wave: NDArray[np.float32]
    rate: int


@dataclass(frozen=True)
class Strokes:
    """Pen strokes: float32 arrays `[n, 2]` of x (rightwards) and y (downwards), in the order they were drawn."""

    strokes: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class Series:
    """`values` float32 `[T, C]` at `rate` rows a second, one name per column."""

    values: NDArray[np.float32]
    rate: float
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """Words as a person typed them."""

    text: str


Raw = Picture | Sound | Strokes | Series | Text
