"""Scans as a whole in a folder of one's own, fitted into a cube with their proportions kept."""

from __future__ import annotations

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
from mmlab.modalities.volume.decode import read_scan_volume


@dataclass(frozen=True)
class VolumeInput(FolderInput):
    """A scan as a whole: NIfTI, or an array of slices."""

    size: int = option(32, "Voxels along each side, as the model sees it", 8, 96)
    seen_as: ClassVar[str] = "volume"

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, self.size, self.size, self.size)

    def read(self, content: bytes, name: str) -> Raw:
        return read_scan_volume(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[1, size, size, size]`: mean 0 and spread 1 where there is something, 0 elsewhere. Raises DataError."""
        if not isinstance(raw, ScanVolume):
            raise not_of("a scan")
        notes = [raw.note] if raw.note else []
        values, there = fitted(raw, self.size)
        inside = values[there]
        if inside.size < 2 or np.ptp(inside) == 0:
            raise DataError("This scan is empty: all that is in it is the same.", "Give a scan of something.")
        if raw.voxels.shape != values.shape:
            deep, high, wide = raw.voxels.shape
            notes.append(f"Fitted {wide} × {high} × {deep} voxels into a cube of {self.size} a side.")
        scaled = np.clip((values - inside.mean()) / max(float(inside.std()), 1e-6), -FAR, FAR)
        return reading(np.asarray(scaled * there, np.float32)[None], notes)


def fitted(raw: ScanVolume, size: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The scan in the middle of a cube `[size, size, size]`, and where in it something is."""
    spacing = np.array(raw.spacing or UNKNOWN_STEPS)
    if spacing.max() > STRETCHED * spacing.min():
        spacing = np.array(UNKNOWN_STEPS)
    extent = np.array(raw.voxels.shape) * spacing
    step = extent.max() / size  # mm per voxel of the cube
    count = np.clip(np.round(extent / step).astype(int), 1, size)
    blur = np.maximum(0.0, (step / spacing - 1) / 2)
    smooth = ndimage.gaussian_filter(raw.voxels.astype(np.float32), blur)
    along = [(np.arange(n) + 0.5) * side / n - 0.5 for n, side in zip(count, raw.voxels.shape, strict=True)]
    places = np.meshgrid(*along, indexing="ij")
    first = (size - count) // 2
    middle = tuple(slice(at, at + n) for at, n in zip(first, count, strict=True))
    values, there = np.zeros((size,) * 3, np.float32), np.zeros((size,) * 3, bool)
    values[middle] = ndimage.map_coordinates(smooth, places, order=1, mode="nearest")
    there[middle] = ndimage.map_coordinates((raw.voxels > 0).astype(np.float32), places, order=1, mode="nearest") >= 0.5
    return values, there
