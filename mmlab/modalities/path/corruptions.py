"""Corruptions of pen paths: strokes of points `[n, 2]`."""

from __future__ import annotations

import numpy as np

from mmlab.core.corruption_types import Act, Corruption, Floats
from mmlab.core.recordings import Strokes
from mmlab.core.spans import divisor


def _shaken(strokes: list[Floats], share: float, rng: np.random.Generator) -> list[Floats]:
    size = _size(strokes)
    return [stroke + rng.normal(0, share * size, stroke.shape) for stroke in strokes]


def _cut_short(strokes: list[Floats], share: float, rng: np.random.Generator) -> list[Floats]:
    """The last part of the path, by length, was never drawn."""
    lengths = [np.hypot(*np.diff(stroke, axis=0).T) for stroke in strokes]
    left = (1 - share) * sum(float(steps.sum()) for steps in lengths)
    kept: list[Floats] = []
    for stroke, steps in zip(strokes, lengths, strict=True):
        along = np.concatenate([[0.0], np.cumsum(steps)])
        if left >= along[-1]:
            kept.append(stroke)
        elif left > 0:
            end = [float(np.interp(left, along, stroke[:, axis])) for axis in (0, 1)]
            kept.append(np.concatenate([stroke[along < left], [end]]))
        left -= float(along[-1])
    return kept


def _coarse(strokes: list[Floats], cells: float, rng: np.random.Generator) -> list[Floats]:
    step = _size(strokes) / cells
    return [np.round(stroke / step) * step for stroke in strokes]


def _size(strokes: list[Floats]) -> float:
    return divisor(float(np.ptp(np.concatenate(strokes), axis=0).max()))


TABLE: dict[str, Corruption] = {
    "jitter": Corruption("Tremor", "shake over the digit's size", (0.015, 0.03, 0.06, 0.1, 0.16), _shaken),
    "missing": Corruption("Unfinished", "share of the path that is missing", (0.1, 0.2, 0.35, 0.5, 0.65), _cut_short),
    "coarse": Corruption("Coarse grid", "cells over the digit's size", (16.0, 10.0, 6.0, 4.0, 3.0), _coarse),
}


def apply(raw: Strokes, act: Act, strength: float, rng: np.random.Generator) -> Strokes:
    """The strokes after `act`; the same where nothing is drawn."""
    if sum(len(stroke) for stroke in raw.strokes) < 2:
        return raw
    return Strokes(tuple(stroke.astype(np.float32) for stroke in act(_fine(raw), strength, rng) if len(stroke)))


def _fine(raw: Strokes) -> list[Floats]:
    """Strokes of few points with more in between, so that a hand can shake on the way too."""
    found: list[Floats] = []
    for stroke in raw.strokes:
        points = stroke.astype(np.float64)
        if 2 <= len(points) < 12:
            places = np.linspace(0, len(points) - 1, 3 * len(points) - 2)
            points = np.stack([np.interp(places, np.arange(len(points)), points[:, axis]) for axis in (0, 1)], 1)
        found.append(points)
    return found
