"""Corruptions of whole scans, `[D, H, W]` in 0..255, as they happen at a scanner. The outside is not touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.recordings import ScanVolume

Floats = NDArray[np.float64]


def _grain(voxels: Floats, spread: float, rng: np.random.Generator) -> Floats:
    contrast = max(float(np.ptp(np.percentile(voxels[voxels > 0], (1, 99)))), 1.0)
    return np.asarray(voxels + rng.normal(0, spread * contrast, voxels.shape))


def _blurred(voxels: Floats, share: float, rng: np.random.Generator) -> Floats:
    return np.asarray(ndimage.gaussian_filter(voxels, share * max(voxels.shape)))


def _shaded(voxels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """A coil that hears one side better: a slope of the signal in some direction."""
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    along = np.meshgrid(*(np.linspace(-1, 1, side) for side in voxels.shape), indexing="ij")
    return np.asarray(voxels * (1 + share * sum(part * axis for part, axis in zip(way, along, strict=True))))


def _thick(voxels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Fewer, thicker slices: each is the mean of so many as lie in its part of the height."""
    count = len(voxels)
    group = np.arange(count) * max(1, round((1 - share) * count)) // count
    return np.asarray(np.stack([voxels[group == each].mean(0) for each in np.unique(group)])[group])


def _lost(voxels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """A slab of slices is lost, somewhere; one slice stays at least. NaN is what is gone."""
    count = len(voxels)
    lost = min(max(1, round(share * count)), count - 1)
    first = int(rng.integers(count - lost + 1))
    found = voxels.copy()
    found[first : first + lost] = np.nan
    return found


TABLE: dict[str, Corruption] = {
    "noise": Corruption("Noise", "spread of the grain over the contrast", (0.1, 0.2, 0.35, 0.55, 0.8), _grain),
    "blur": Corruption("Blur", "radius over the longest side", (0.02, 0.035, 0.055, 0.08, 0.12), _blurred),
    "shading": Corruption("Bias field", "slope of the signal to each side", (0.15, 0.3, 0.5, 0.7, 0.9), _shaded),
    "thick": Corruption("Thick slices", "share by which there are fewer slices", (0.4, 0.6, 0.75, 0.85, 0.92), _thick),
    "lost": Corruption("Lost slices", "share of slices that are gone", (0.1, 0.2, 0.35, 0.5, 0.7), _lost),
}


def apply(raw: ScanVolume, act: Act, strength: float, rng: np.random.Generator) -> ScanVolume:
    """The scan after `act`."""
    found = act(raw.voxels.astype(np.float64), strength, rng)
    inside = (raw.voxels > 0) & np.isfinite(found)
    return replace(raw, voxels=np.where(inside, np.clip(np.round(np.nan_to_num(found)), 1, 255), 0).astype(np.uint8))
