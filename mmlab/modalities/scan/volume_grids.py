"""Whether the volumes of one case share a voxel grid, by the headers of their NIfTI files."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError

HEADER = 348  # bytes
APART = 0.01  # mm and shares of an axis: what rounding does not explain


@dataclass(frozen=True)
class Grid:
    """shape: in voxels. affine: from voxels to mm `[4, 4]`; None where the file does not say."""

    shape: tuple[int, ...]
    affine: NDArray[np.float64] | None


def common_shape(folder: Path, paths: Iterable[str]) -> tuple[int, ...] | None:
    """The shape of all files that are there, None where there is none. Raises DataError where two grids differ."""
    found = [(path, grid) for path in paths if (grid := _grid(folder / path)) is not None]
    if not found:
        return None
    first, whole = found[0]
    for path, grid in found[1:]:
        if grid.shape != whole.shape:
            sizes = [" × ".join(map(str, each.shape)) for each in (grid, whole)]
            raise DataError(f"'{path}' has {sizes[0]} voxels and '{first}' {sizes[1]}.", "Take both again.")
        if why := _difference(whole.affine, grid.affine):
            raise DataError(f"'{path}' and '{first}' are not on one grid: {why}.", "Resample one to the other's grid.")
    return whole.shape


def _grid(file: Path) -> Grid | None:
    """Of a NIfTI file, from its header alone; None for a file that lacks or is none, of which others tell."""
    import nibabel
    from nibabel.spatialimages import HeaderDataError

    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
            header = nibabel.Nifti1Header(opened.read(HEADER), check=False)
        shape = tuple(map(int, header["dim"][1:4]))
        says = header["qform_code"] > 0 or header["sform_code"] > 0
        return Grid(shape, np.asarray(header.get_best_affine(), np.float64) if says else None)
    except (OSError, EOFError, ValueError, nibabel.wrapstruct.WrapStructError, HeaderDataError):
        return None


def _difference(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> str:
    """What differs between two ways of lying; empty where nothing does, or one is not known."""
    if one is None or other is None or np.allclose(one, other, atol=APART):
        return ""
    sizes = [np.linalg.norm(each[:3, :3], axis=0) for each in (other, one)]
    if not np.allclose(sizes[0], sizes[1], atol=APART):
        voxels = [" × ".join(f"{side:.3g}" for side in each) for each in sizes]
        return f"their voxels are {voxels[0]} mm and {voxels[1]} mm"
    if not np.allclose(one[:3, :3], other[:3, :3], atol=APART):
        return "one is turned against the other"
    return f"their first voxels lie {float(np.linalg.norm(one[:3, 3] - other[:3, 3])):.3g} mm apart"
