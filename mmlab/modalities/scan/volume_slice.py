"""Three-dimensional head scans: one axial slice of a volume, oriented like all slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.options import option
from mmlab.core.recordings import Scan
from mmlab.core.spans import divisor
from mmlab.modalities.files import shown_name
from mmlab.modalities.scan.nifti import HINT, Floats, read_volume

LEAST = 2  # voxels a side
STRETCHED = 12  # times as long as wide: no pixel of a scan is
MIDDLE = 50  # % of the head's height: the slice that is taken where none is asked for
OUTSIDE, HEAD = 0.1, 0.15  # share of zeros that says cut out; share of the bright end that is head otherwise
BRIGHTEST = 99.8  # percentile that becomes white


@dataclass(frozen=True)
class SliceOptions:
    """What a person can say of a volume that they bring."""

    height: int = option(MIDDLE, "The slice that is taken, in % of the head's height from below", 0, 100)


def read_slice(content: bytes, name: str = "", height: int = MIDDLE) -> Scan:
    """One axial slice of a volume, at `height` % of the head's, front up, left to the left. Raises DataError."""
    share, label = height / 100, shown_name(name, "The volume")
    volume = read_volume(content, name)
    if min(volume.values.shape) < LEAST:
        sides = " × ".join(str(side) for side in volume.values.shape)
        raise DataError(f"{label} has {sides} voxels, which is no head.", "Use the scan of one head.")
    inside = _inside(volume.values)
    heights = np.flatnonzero(inside.any((0, 1)))
    if not len(heights):
        raise DataError(f"{label} is empty: every voxel is the same.", HINT)
    place = round(float(heights[0] + share * (heights[-1] - heights[0])))
    values, pixel = _square(volume.values[:, :, place], volume.spacing)
    mask, _ = _square(inside[:, :, place].astype(np.float32), volume.spacing)
    note = f"Slice {place + 1} of {volume.values.shape[2]}, at {100 * share:.0f} % of the head's height."
    if not volume.is_oriented:
        note += " The file does not state the orientation of its voxels: they are used as stored."
    if volume.lost:
        note += f" {volume.lost:,} of its voxels held no number and count as 0."
    return Scan(_grey(values, mask > 0.5), note, pixel)


def _inside(values: Floats) -> NDArray[np.bool_]:
    """Which voxels are head: what is not 0 where the rest was cut away, else what is bright."""
    if (values == 0).mean() >= OUTSIDE:
        return np.asarray(values != 0)
    low, high = np.percentile(values.flatten("K"), (1, 98), overwrite_input=True)  # in the order in which they lie
    return np.asarray(values > low + HEAD * (high - low))


def _square(plane: Floats, spacing: tuple[float, float, float] | None) -> tuple[Floats, float]:
    """A plane `[X, Y]` as `[rows, columns]` from the front with square pixels, and their side in mm (0: unknown)."""
    upright = plane.T[::-1]
    if spacing is None or max(spacing[:2]) > STRETCHED * min(spacing[:2]):
        return upright, 0.0
    side = min(spacing[:2])
    factors = spacing[1] / side, spacing[0] / side
    return (upright if factors == (1, 1) else ndimage.zoom(upright, factors, order=1)), side


def _grey(values: Floats, inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """0 outside the head, 1 to 255 inside."""
    if not inside.any():
        return np.zeros(values.shape, np.uint8)
    low, high = min(0.0, float(values[inside].min())), float(np.percentile(values[inside], BRIGHTEST))
    grey = np.clip(np.round((values - low) / divisor(high - low) * 255), 1, 255)
    return np.asarray(grey * inside, np.uint8)
