"""Corruptions of clips: `[T, H, W]` or `[T, H, W, 3]` in 0..255; those of images on every frame, and temporal ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mmlab.core.corruption_types import Act, Corruption, Floats
from mmlab.core.recordings import Clip
from mmlab.modalities.image import corruptions as image_corruptions


def _grain(frames: Floats, spread: float, rng: np.random.Generator) -> Floats:
    """Another grain on each frame."""
    return frames + rng.normal(0, spread * image_corruptions.contrast(frames), frames.shape)


def _blurred(frames: Floats, share: float, rng: np.random.Generator) -> Floats:
    sigma = share * max(frames.shape[1:3])
    return ndimage.gaussian_filter(frames, (0, sigma, sigma, 0)[: frames.ndim])


def _dropped(frames: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Frames are lost and black; one stays at least."""
    count = len(frames)
    lost = rng.permutation(count)[: min(max(1, round(share * count)), count - 1)]
    return np.where(np.isin(np.arange(count), lost).reshape(-1, *[1] * (frames.ndim - 1)), 0.0, frames)


def _frozen(frames: Floats, share: float, rng: np.random.Generator) -> Floats:
    """The last part stands still: the frame before it is shown to the end."""
    last = min(max(0, len(frames) - 1 - round(share * len(frames))), max(len(frames) - 2, 0))
    return np.asarray(frames[np.minimum(np.arange(len(frames)), last)])


def _shuffled(frames: Floats, share: float, rng: np.random.Generator) -> Floats:
    """So many frames change places, each to one that was not its own."""
    count = len(frames)
    moved = rng.permutation(count)[: max(2, round(share * count))]
    order = np.arange(count)
    order[moved] = np.roll(moved, 1)
    return np.asarray(frames[order])


TABLE: dict[str, Corruption] = {
    "noise": replace(image_corruptions.TABLE["noise"], act=_grain),
    "blur": replace(image_corruptions.TABLE["blur"], act=_blurred),
    "dropped": Corruption("Dropped frames", "share of frames that are black", (0.125, 0.25, 0.4, 0.6, 0.8), _dropped),
    "frozen": Corruption(
        "Frozen", "share of the clip that stands still, to its end", (0.15, 0.3, 0.5, 0.75, 1.0), _frozen
    ),
    "shuffled": Corruption("Shuffled", "share of frames that change places", (0.25, 0.4, 0.6, 0.8, 1.0), _shuffled),
}


def apply(raw: Clip, act: Act, strength: float, rng: np.random.Generator) -> Clip:
    """The clip after `act`; a clip of one frame has no time that could be corrupted."""
    if len(raw.pixels) < 2 and act in (_dropped, _frozen, _shuffled):
        return raw
    frames = act(raw.pixels.astype(np.float32), strength, rng)
    return replace(raw, pixels=np.asarray(np.clip(np.round(frames), 0, 255), np.uint8))
