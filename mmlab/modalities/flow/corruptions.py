"""Typical errors of flow estimation: `[H, W, 3]` in 0..255 with `STILL` for no motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mmlab.core.corruption_types import Act, Corruption, Floats
from mmlab.core.recordings import Flow
from mmlab.modalities.flow.vectors import STEPS, STILL


def _errors(pixels: Floats, spread: float, rng: np.random.Generator) -> Floats:
    """Errors that neighbours share, as estimates have them where a frame has no edges."""
    rough = rng.standard_normal(pixels.shape)
    smooth = ndimage.gaussian_filter(rough, (1.5, 1.5, 0))
    return pixels + STEPS * spread * smooth / smooth.std()


def _smooth(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    sigma = share * max(pixels.shape[:2])
    return np.asarray(ndimage.gaussian_filter(pixels, (sigma, sigma, 0), mode="nearest"))


def _slow(pixels: Floats, kept: float, rng: np.random.Generator) -> Floats:
    return STILL + kept * (pixels - STILL)


def _panned(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi)
    return pixels + STEPS * share * np.array([np.cos(angle), np.sin(angle), 0])


TABLE: dict[str, Corruption] = {
    "noise": Corruption(
        "Wrong estimates", "spread of the errors over the largest flow", (0.05, 0.1, 0.2, 0.35, 0.6), _errors
    ),
    "blur": Corruption("Blurred flow", "radius over the longer side", (0.02, 0.04, 0.065, 0.1, 0.15), _smooth),
    "slow": Corruption("Motion underestimated", "speed that is left", (0.7, 0.5, 0.3, 0.15, 0.05), _slow),
    "pan": Corruption("Camera pans", "speed over the largest flow", (0.1, 0.2, 0.35, 0.55, 0.8), _panned),
}


def apply(raw: Flow, act: Act, strength: float, rng: np.random.Generator) -> Flow:
    """The flow after `act`; blue stays what it was."""
    pixels = act(raw.pixels.astype(np.float64), strength, rng)
    found = np.asarray(np.clip(np.round(pixels), 0, 255), np.uint8)
    found[..., 2] = raw.pixels[..., 2]
    return replace(raw, pixels=found)
