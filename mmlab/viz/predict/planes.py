"""Whole scans as images: the three planes through one voxel, side by side, or one plane at a given position.

Everything that is drawn of pictures is then drawn of scans: greys, regions, where they differ, uncertainty.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = TypeVar("Array", bound=NDArray[Any])
AXES = ("axial", "coronal", "sagittal")  # the direction that a plane lies across: of [slices, rows, columns]


def is_scan(maps: NDArray[Any]) -> bool:
    """Whether `[R, ...]` has three dimensions of places."""
    return maps.ndim == 4


def middle_of(regions: NDArray[np.bool_]) -> tuple[int, ...]:
    """The voxel whose planes are shown, `[R, D, H, W]`: along each side where most of the outermost region is that is
    anywhere; the middle of the scan where none is."""
    region = next((each for each in regions if each.any()), None)
    if region is None:
        return tuple(side // 2 for side in regions.shape[1:])
    others = ((1, 2), (0, 2), (0, 1))
    return tuple(int(np.argmax(region.sum(axes))) for axes in others)


def plane(maps: NDArray[Any], axis: int, place: int) -> NDArray[Any]:
    """The plane `[..., h, w]` of `[..., D, H, W]` across an axis; what lies above in the body is above."""
    cut = np.take(maps, place, axis=maps.ndim - 3 + axis)
    return cut if axis == 0 else cut[..., ::-1, :]


def three(maps: NDArray[Any], at: tuple[int, ...]) -> NDArray[Any]:
    """The axial, coronal and sagittal planes through a voxel, side by side: `[..., h, w + w + h]`."""
    parts = [plane(maps, axis, place) for axis, place in enumerate(at)]
    high = max(part.shape[-2] for part in parts)
    return np.concatenate([_padded(part, high) for part in parts], -1)


def _padded(part: NDArray[Any], high: int) -> NDArray[Any]:
    """Nothing above and below a plane that is lower than the others."""
    above = (high - part.shape[-2]) // 2
    rest = high - part.shape[-2] - above
    return np.pad(part, [(0, 0)] * (part.ndim - 2) + [(above, rest), (0, 0)])
