"""The Hausdorff distance between the outlines of two regions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Flags = NDArray[np.bool_]
PERCENTILE = 95


def hausdorff95(found: Flags, truth: Flags, pixel: float) -> NDArray[np.float32]:
    """The 95 % Hausdorff distance of regions `[N, H, W]` or `[N, D, H, W]`: `[N]`, in the unit of `pixel`, its side.

    The larger of both directed distances, each the 95th percentile over the pixels of an outline, as in BraTS, and
    as MONAI's `get_surface_distance` gives them (`tests/test_brain.py`). 0 where a region is neither there nor found,
    the image's diagonal where only one is.
    """
    distances = np.zeros(len(found), np.float32)
    places = tuple(range(1, found.ndim))
    has_found, has_truth = found.any(places), truth.any(places)
    distances[has_found ^ has_truth] = pixel * math.hypot(*found.shape[1:])
    outlines = _outlines(found), _outlines(truth)
    for row in np.flatnonzero(has_found & has_truth):
        distances[row] = _farther(outlines[0][row], outlines[1][row], pixel)
    return distances


def _farther(first: Flags, second: Flags, pixel: float) -> float:
    """The larger of both directed distances between two outlines `[...]`, neither of them empty."""
    directed = (
        ndimage.distance_transform_edt(~there, pixel)[here] for here, there in ((first, second), (second, first))
    )
    return max(float(np.percentile(distances, PERCENTILE)) for distances in directed)


def _outlines(regions: Flags) -> Flags:
    """The pixels of each region that touch, by a side, what is not in it."""
    cross = ndimage.generate_binary_structure(regions.ndim - 1, 1)[None]
    inner: Flags = ndimage.binary_erosion(regions, cross)
    return regions & ~inner
