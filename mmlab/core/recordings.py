"""Recordings as captured or uploaded, decoded and safe, before preprocessing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Raw:
    """A recording. Each kind of modality has a type of its own below it (`mmlab.core.modality_kinds`)."""


@dataclass(frozen=True)
class Picture(Raw):
    """`pixels` uint8 `[H, W]` (grey) or `[H, W, 3]` (colour). note: what decoding did to them, as a sentence.

    pixel: the side of a pixel in mm, 0 where not known.
    """

    pixels: NDArray[np.uint8]
    note: str = ""
    pixel: float = 0.0


@dataclass(frozen=True)
class Scan(Picture):
    """A slice of a head scan in grey: 0 is outside the head."""


@dataclass(frozen=True)
class ScanVolume(Raw):
    """A whole scan: `voxels` uint8 `[D, H, W]`, slices from below, rows from the front, columns from the left.

    0 is outside. spacing: mm between slices, rows and columns; empty where not known. note: what decoding did, as a
    sentence.
    """

    voxels: NDArray[np.uint8]
    spacing: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Flow(Picture):
    """Optical flow, `[H, W, 3]`: red says how far a pixel goes to the right, green how far down; 128 is still."""


@dataclass(frozen=True)
class Clip(Raw):
    """`pixels` uint8 `[T, H, W]` (grey) or `[T, H, W, 3]` (colour): frames of a clip, in their order.

    seconds: when each frame is, counted from the first of the whole clip; empty where not known. note: what decoding
    did, as a sentence.
    """

    pixels: NDArray[np.uint8]
    seconds: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Sound(Raw):
    """`wave` float32 `[T]` in [-1, 1], mono, at `rate` samples a second. note: what decoding did, as a sentence."""

    wave: NDArray[np.float32]
    rate: int
    note: str = ""


@dataclass(frozen=True)
class Strokes(Raw):
    """Pen strokes: float32 arrays `[n, 2]` of x (rightwards) and y (downwards), in the order they were drawn."""

    strokes: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class Series(Raw):
    """`values` float32 or float64 `[T, C]` at `rate` rows a second, one name per column, in `unit`.

    part: the seconds that count, from and to; None for all of it. note: what reading did or assumed, as sentences.
    """

    values: NDArray[np.floating]
    rate: float
    columns: tuple[str, ...]
    unit: str = ""
    part: tuple[float, float] | None = None
    note: str = ""

    @property
    def seconds(self) -> float:
        """How long the part that counts is."""
        return self.part[1] - self.part[0] if self.part else len(self.values) / self.rate


@dataclass(frozen=True)
class FeatureSequence(Raw):
    """`values` float32 `[T, C]`: features of each step (a word, a frame), one name per column, finite everywhere.

    there: bool `[T]`, the steps that are there; the others are padding, or nothing was measured. filled: how many
    numbers of the file were not finite, for which others stand.
    """

    values: NDArray[np.float32]
    there: NDArray[np.bool_]
    columns: tuple[str, ...]
    filled: int = 0


@dataclass(frozen=True)
class Vector(Raw):
    """`values` float32 or float64 `[n]`, one name per number."""

    values: NDArray[np.floating]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Text(Raw):
    """Words as a person typed them."""

    text: str
