"""Corruptions of images: `[H, W]` or `[H, W, 3]` in 0..255."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mmlab.core.corruption_types import Act, Corruption, Floats
from mmlab.core.recordings import Picture


def _grain(pixels: Floats, spread: float, rng: np.random.Generator) -> Floats:
    return pixels + rng.normal(0, spread * contrast(pixels), pixels.shape)


def _blurred(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    sigma = share * max(pixels.shape[:2])
    return ndimage.gaussian_filter(pixels, (sigma, sigma, 0)[: pixels.ndim])


def _faded(pixels: Floats, kept: float, rng: np.random.Generator) -> Floats:
    paper = _rim(pixels)
    return paper + kept * (pixels - paper)


def _covered(pixels: Floats, share: float, rng: np.random.Generator) -> Floats:
    """A band over the part that differs from the rim, in the colour of the rim."""
    paper = _rim(pixels)
    far = np.abs(pixels - paper).reshape(*pixels.shape[:2], -1).max(-1)
    rows, columns = np.nonzero(far >= 0.4 * far.max())
    angle, place = rng.uniform(0, np.pi), rng.random()
    grid = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    across = grid[0] * np.sin(angle) + grid[1] * np.cos(angle)
    inside = across[rows, columns]
    start = inside.min() + np.ptp(inside) * (1 - share) * place
    hidden = (across >= start) & (across <= start + np.ptp(inside) * share)
    return np.where(hidden if pixels.ndim == 2 else hidden[..., None], paper, pixels)


def contrast(pixels: Floats) -> float:
    """How far the bright lies from the dark, without the outermost hundredths."""
    return max(float(np.ptp(np.percentile(pixels, (1, 99)))), 1.0)


def _rim(pixels: Floats) -> Floats:
    """The median colour of the outermost pixels: what the paper looks like."""
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(np.median(rim, axis=0))


TABLE: dict[str, Corruption] = {
    "noise": Corruption("Noise", "spread of the grain over the contrast", (0.1, 0.25, 0.45, 0.7, 1.0), _grain),
    "blur": Corruption("Blur", "radius over the longer side", (0.012, 0.025, 0.045, 0.07, 0.1), _blurred),
    "contrast": Corruption("Low contrast", "contrast that is left", (0.6, 0.4, 0.25, 0.12, 0.06), _faded),
    "occlusion": Corruption(
        "Occlusion", "share of what is to be seen that is covered", (0.1, 0.2, 0.3, 0.42, 0.55), _covered
    ),
}


def apply(raw: Picture, act: Act, strength: float, rng: np.random.Generator) -> Picture:
    """The picture after `act`."""
    pixels = act(raw.pixels.astype(np.float64), strength, rng)
    return replace(raw, pixels=np.asarray(np.clip(np.round(pixels), 0, 255), np.uint8))
