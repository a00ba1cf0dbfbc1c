"""Corruptions of slices of head scans, as they happen at a scanner. They stay inside the head; outside is 0 by
definition.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.recordings import Scan
from mmlab.modalities.image import corruptions

Floats = NDArray[np.float64]


def _moved(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Ghosts of a head that moved: copies along the rows, a share of the slice's height apart, each weaker."""
    step = max(1, round(pixels.shape[0] * rng.uniform(0.08, 0.16)))
    ghosts = sum(np.roll(pixels, sign * turn * step, 0) / turn for turn in (1, 2) for sign in (-1, 1))
    return np.asarray((1 - share) * pixels + share / 3 * ghosts)


def _shaded(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """A coil that hears one side better: a slope of the signal across the slice."""
    angle = rng.uniform(0, 2 * np.pi)
    back, right = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]
    return np.asarray(pixels * (1 + share * (np.cos(angle) * back + np.sin(angle) * right)))


TABLE: dict[str, Corruption] = {
    "noise": corruptions.TABLE["noise"],
    "blur": corruptions.TABLE["blur"],
    "motion": Corruption("Head motion", "share of the signal in ghosts", (0.1, 0.2, 0.32, 0.45, 0.6), _moved),
    "shading": Corruption("Bias field", "slope of the signal to each side", (0.15, 0.3, 0.5, 0.7, 0.9), _shaded),
}


def apply(raw: Scan, act: Act, strength: float, rng: np.random.Generator) -> Scan:
    """The slice after `act`."""
    inside = raw.pixels > 0
    pixels = act(raw.pixels.astype(np.float64), strength, rng)
    return replace(raw, pixels=np.asarray(np.where(inside, np.clip(np.round(pixels), 1, 255), 0), np.uint8))
