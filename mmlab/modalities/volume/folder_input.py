"""Whole scans in a user's data folder, and their labels, fitted into a box with their proportions kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw, ScanVolume
from mmlab.modalities.reading import reading
from mmlab.modalities.scan.folder_input import STRETCHED, UNKNOWN_STEPS
from mmlab.modalities.scan.preprocess import FAR
from mmlab.modalities.volume.decode import SIDE, read_scan_volume


@dataclass(frozen=True)
class VolumeInput(FolderInput):
    """A whole scan: NIfTI, or an array of slices."""

    size: int = option(32, "Voxels along each side, as the model sees it", 8, 256)
    slices: int = option(0, "Voxels from below to above, where they are not as many as along the other sides", 0, 256)
    seen_as: ClassVar[str] = "volume"

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, self.slices or self.size, self.size, self.size)

    @property
    def most(self) -> int:
        """Voxels a side that are kept of a file."""
        return max(SIDE, *self.shape)

    def read(self, content: bytes, name: str) -> Raw:
        return read_scan_volume(content, name, self.most)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[1, slices, size, size]`: mean 0 and spread 1 where there is something, 0 elsewhere. Raises DataError."""
        if not isinstance(raw, ScanVolume):
            raise not_of("a scan")
        notes = [raw.note] if raw.note else []
        values, there = fitted(raw, self.shape[1:])
        inside = values[there]
        if inside.size < 2 or np.ptp(inside) == 0:
            raise DataError("This scan is empty: all that is in it is the same.", "Give a scan of something.")
        if raw.voxels.shape != values.shape:
            deep, high, wide = raw.voxels.shape
            box = (
                f"a box of {self.size} × {self.size} × {self.slices}"
                if self.slices
                else f"a cube of {self.size} a side"
            )
            notes.append(f"Fitted {wide} × {high} × {deep} voxels into {box}.")
        scaled = np.clip((values - inside.mean()) / max(float(inside.std()), 1e-6), -FAR, FAR)
        return reading(np.asarray(scaled * there, np.float32)[None], notes)


def fitted(raw: ScanVolume, shape: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The scan in the middle of a box `[D, H, W]`, and where in it something is."""
    places, middle, blur = _places(raw, shape)
    smooth = ndimage.gaussian_filter(raw.voxels.astype(np.float32), blur) if blur.any() else raw.voxels
    values, there = np.zeros(shape, np.float32), np.zeros(shape, bool)
    values[middle] = _sampled(np.asarray(smooth, np.float32), places)
    there[middle] = _sampled((raw.voxels > 0).astype(np.float32), places) >= 0.5
    return values, there


def fitted_labels(raw: ScanVolume, shape: Sequence[int], beside: int = 0) -> NDArray[np.uint8]:
    """Labels where `fitted` puts the scan that they lie on, each from the nearest voxel, `beside` around them."""
    places, middle, _ = _places(raw, shape)
    nearest = [
        np.clip(np.round(along), 0, side - 1).astype(int) for along, side in zip(places, raw.voxels.shape, strict=True)
    ]
    found = np.full(shape, beside, np.uint8)
    found[middle] = raw.voxels[np.ix_(*nearest)]
    return found


def places_in(raw: ScanVolume, shape: Sequence[int]) -> tuple[slice, ...]:
    """Which part of a box `[D, H, W]` a scan takes."""
    return _places(raw, shape)[1]


def _places(
    raw: ScanVolume, shape: Sequence[int]
) -> tuple[list[NDArray[np.float64]], tuple[slice, ...], NDArray[np.float64]]:
    """Where in a scan the voxels of the box lie along each side, which of the box these are, and how much smoother the
    scan has to be."""
    spacing = np.array(raw.spacing or UNKNOWN_STEPS)
    if spacing.max() > STRETCHED * spacing.min():
        spacing = np.array(UNKNOWN_STEPS)
    extent = np.array(raw.voxels.shape) * spacing
    step = (extent / np.array(shape)).max()  # mm per voxel of the box
    count = np.clip(np.round(extent / step).astype(int), 1, shape)
    blur = np.maximum(0.0, (step / spacing - 1) / 2)
    along = [(np.arange(n) + 0.5) * side / n - 0.5 for n, side in zip(count, raw.voxels.shape, strict=True)]
    first = [(whole - int(n)) // 2 for whole, n in zip(shape, count, strict=True)]
    return along, tuple(slice(at, at + int(n)) for at, n in zip(first, count, strict=True)), blur


def _sampled(values: NDArray[np.float32], places: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """The values `[d, h, w]` between voxels, at these places along each side; as they are where each is a voxel."""
    if all(np.array_equal(along, np.arange(side)) for along, side in zip(places, values.shape, strict=True)):
        return values
    grid = np.meshgrid(*places, indexing="ij")
    return np.asarray(ndimage.map_coordinates(values, grid, order=1, mode="nearest"))
