"""The brightness scale of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.spans import divisor

BEYOND = 0.05  # further than this outside of 0 to 1 lie pictures that were normalised


def shown_range(planes: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Planes in [0, 1]: as they are, but for normalised ones, which go from their least to their largest value."""
    low, high = float(planes.min()), float(planes.max())
    if low < -BEYOND or high > 1 + BEYOND:
        return (planes - low) / divisor(high - low)
    return np.clip(planes, 0, 1)
