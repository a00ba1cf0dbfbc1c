"""Optical flow as images and back: the motion of each pixel, in pixels, and relative to the side of a frame.

A flow picture is laid out as two-stream networks keep flow (Feichtenhofer et al., CVPR 2016): how far a pixel goes to
the right is its red, how far down is its green, 128 is still, and the ends are 20 pixels of frames 256 pixels high.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Flow

Floats = NDArray[np.floating[Any]]
FURTHEST = 20 / 256  # of the shorter side of a frame, is what a picture of flow holds at most
STILL, STEPS = 128, 127  # the grey of what does not move, and how many there are on each side of it


def as_flow(vectors: Floats, note: str = "") -> Flow:
    """Vectors `[2, H, W]` in pixels, to the right and down, as a picture; what is faster is as fast as it can hold."""
    shares = np.clip(vectors / (FURTHEST * min(vectors.shape[1:])), -1, 1)
    planes = np.round(STILL + STEPS * shares).astype(np.uint8)
    return Flow(np.dstack([*planes, np.full_like(planes[0], STILL)]), note)


def shares_of(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture of flow `[H, W, 3]` as `[2, H, W]` in [-1, 1], where 1 is `FURTHEST`."""
    planes = np.moveaxis(pixels[..., :2].astype(np.float32), -1, 0)
    return np.clip((planes - np.float32(STILL)) / np.float32(STEPS), -1, 1)


def vectors_of(flow: Flow) -> NDArray[np.float32]:
    """A picture of flow as `[2, H, W]` in pixels."""
    return shares_of(flow.pixels) * np.float32(FURTHEST * min(flow.pixels.shape[:2]))
