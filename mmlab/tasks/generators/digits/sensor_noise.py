"""Sensor noise of the task `digits`: part of the task, applied to raw recordings.

Every recording has a level from 0 (clean) to 1 (the worst that the knobs allow). What comes out lies on the grids that
the shipped files have (16 greys, 8-bit sound, whole coordinates), so that a file and a generated sample are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from mmlab.core.options import option
from mmlab.core.recordings import Picture, Sound, Strokes
from mmlab.tasks.generators.digits.pen_strokes import SIZE
from mmlab.tasks.generators.digits.synthetic_voices import RATE

Floats = NDArray[np.float32]
CANVAS = 56


@dataclass(frozen=True)
class Noise:
    """The knobs. `level` of a recording scales all of its modality; it is drawn evenly between 0 and `strength`."""

    strength: float = option(1.0, "Worst level of all modalities, 0 for clean recordings", low=0.0, high=1.0)
    clean: float = option(0.33, "Share of training recordings without noise", low=0.0, high=1.0)
    picture_hidden: float = option(0.5, "Largest share of a picture that is covered", low=0.0, high=1.0)
    picture_grain: float = option(0.9, "Largest spread of the grain, as a share of the contrast", low=0.0, high=3.0)
    picture_contrast: float = option(0.35, "Lowest contrast between ink and paper", low=0.1, high=1.0)
    sound_best: float = option(20.0, "Signal over noise of the mildest recording, dB", low=-20.0, high=60.0)
    sound_worst: float = option(-7.0, "Signal over noise of the worst recording, dB", low=-20.0, high=60.0)
    pen_missing: float = option(0.75, "Largest share of a path that is missing", low=0.0, high=0.9)
    pen_jitter: float = option(0.18, "Largest shake of the pen, as a share of the digit's size", low=0.0, high=0.5)

    def none(self) -> Noise:
        """The same task without noise."""
        return replace(self, strength=0.0)

    def level(self, rng: np.random.Generator, training: bool) -> float:
        """The level of one recording."""
        clean, level = rng.random() < self.clean, rng.random()
        return 0.0 if training and clean else self.strength * level


def photograph(ink: Floats, level: float, noise: Noise, rng: np.random.Generator) -> Picture:
    """`ink` (0 to 1, `[h, w]`) on a sheet of 56 x 56: covered in part, faint, grainy, dark on light or not."""
    sheet = _placed(ink, rng)
    sheet *= ~_cover(sheet, noise.picture_hidden * level * rng.uniform(0.4, 1.0), rng)
    contrast = 1 - (1 - noise.picture_contrast) * level * rng.random()
    grain = rng.normal(0, 1, (CANVAS // 2, CANVAS // 2)).repeat(2, 0).repeat(2, 1)
    grain += rng.normal(0, 1, (CANVAS, CANVAS))
    grey = sheet + grain * (0.7 * noise.picture_grain * level * rng.uniform(0.3, 1.0))
    paper = rng.uniform(0, 1 - contrast)
    grey = paper + contrast * np.clip(grey, -0.5, 1.5)
    grey = 1 - grey if rng.random() < 0.5 else grey
    return Picture((np.round(np.clip(grey, 0, 1) * 15) * 17).astype(np.uint8))


def _placed(ink: Floats, rng: np.random.Generator) -> Floats:
    longer = int(rng.integers(30, 47))
    scale = longer / max(ink.shape)
    height, width = (max(8, round(side * scale)) for side in ink.shape)
    small = Image.fromarray(ink.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    sheet = np.zeros((CANVAS, CANVAS), np.float32)
    top, left = rng.integers(2, CANVAS - height - 1), rng.integers(2, CANVAS - width - 1)
    sheet[top : top + height, left : left + width] = np.clip(np.asarray(small), 0, 1)
    return sheet


def _cover(sheet: Floats, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A band over `share` of the width of the ink in some direction, which has the colour of the paper."""
    angle, place = rng.uniform(0, np.pi), rng.random()
    rows, columns = np.mgrid[:CANVAS, :CANVAS]
    across = rows * np.sin(angle) + columns * np.cos(angle)
    inked = across[sheet > 0.3]
    if share <= 0.02 or inked.size == 0:
        return np.zeros(sheet.shape, bool)
    low, span = inked.min(), np.ptp(inked)
    start = low + span * (1 - share) * place
    return np.asarray((across >= start) & (across <= start + span * share))


def record(wave: Floats, level: float, noise: Noise, rng: np.random.Generator) -> Sound:
    """A word at 8 kHz in a room: a little silence around it, coloured noise, some level; eight bits."""
    before, after = rng.integers(160, 1600, 2)
    padded = np.pad(wave / max(float(np.abs(wave).max()), 1e-6), (int(before), int(after)))
    padded = _colour(padded, rng.uniform(-0.4, 0.4))
    decibel = noise.sound_best + (noise.sound_worst - noise.sound_best) * level if level > 0 else 45.0
    hiss = _colour(rng.normal(0, 1, len(padded)), rng.uniform(0, 0.8))
    power = float(np.square(padded).sum()) / len(wave)
    hiss *= np.sqrt(power / float(np.square(hiss).mean()) * 10 ** (-decibel / 10))
    mixed = padded + hiss
    mixed *= rng.uniform(0.3, 0.6) / max(float(np.abs(mixed).max()), 1e-6)
    return Sound((np.round(mixed * 128) / 128).astype(np.float32), RATE)


def _colour(wave: NDArray[np.floating], slope: float) -> NDArray[np.float64]:
    """The spectrum divided by frequency to the power of `slope`: 0 is white, 0.5 pink."""
    size = fft.next_fast_len(len(wave), real=True)
    hertz = np.maximum(fft.rfftfreq(size, 1 / RATE), 60.0)
    return np.asarray(fft.irfft(fft.rfft(wave, size) * (hertz / 500) ** -slope, size)[: len(wave)])


def trace(strokes: Strokes, level: float, noise: Noise, rng: np.random.Generator) -> Strokes:
    """Strokes with a shaking hand and the beginning or the end of the path missing; whole coordinates."""
    lengths = [len(stroke) for stroke in strokes.strokes]
    points = _fine(strokes) if min(lengths) < 9 and len(lengths) == 1 else np.concatenate(strokes.strokes)
    ends = np.array([len(points)]) if len(lengths) == 1 else np.cumsum(lengths)
    shake = rng.normal(0, 1, (len(points) + 4, 2))
    shake = sum((shake[offset : len(points) + offset] for offset in range(4)), np.zeros_like(points)) / 2
    points = points + shake * (SIZE * noise.pen_jitter * level * rng.uniform(0.3, 1.0))
    gone = int(len(points) * noise.pen_missing * level * rng.uniform(0.3, 1.0))
    first = 0 if rng.random() < 0.5 else gone
    kept = np.round(points[: len(points) - gone + first]).astype(np.float32)
    pieces = np.split(kept, ends[:-1])
    pieces = [
        piece[max(0, first - end + len(piece)) :] if first else piece for piece, end in zip(pieces, ends, strict=True)
    ]
    pieces = [piece for piece in pieces if len(piece) > 1]
    if not pieces or np.ptp(np.concatenate(pieces), axis=0).max() <= 0:
        return strokes
    return Strokes(tuple(pieces))


def _fine(strokes: Strokes) -> NDArray[np.float64]:
    """A coarse path with three points more between any two, so that a part of it can be missing."""
    points = strokes.strokes[0].astype(np.float64)
    places = np.linspace(0, len(points) - 1, 4 * len(points) - 3)
    return np.stack([np.interp(places, np.arange(len(points)), points[:, axis]) for axis in (0, 1)], 1)
