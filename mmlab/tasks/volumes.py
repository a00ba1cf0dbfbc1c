"""Head scans in three dimensions: NIfTI files of hostile origin to one axial slice, turned as all slices are.

Sizes are checked from the header, and unpacking is bounded, before anything is decoded; nibabel reads the rest.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.raw import Scan
from mmlab.tasks.nifti import unpacked
from mmlab.tasks.readers import shown_name

Floats = NDArray[np.float32]
FILE_BYTES, PLAIN_BYTES = 64_000_000, 256_000_000
VOXELS, LONGEST = 40_000_000, 1024
SPACING = (0.1, 20.0)  # mm between voxels that can be true
MIDDLE = 0.5  # of the head's height: the slice that is taken where none is asked for
HEIGHT = re.compile(r"(.*)#(\d{1,3})%")
OUTSIDE, HEAD = 0.1, 0.15  # share of zeros that says cut out; share of the bright end that is head otherwise
BRIGHTEST = 99.8  # percentile that becomes white
HINT = "Bring a three-dimensional NIfTI-1 or -2 file (.nii or .nii.gz), or a PNG picture of one axial slice."


@dataclass(frozen=True)
class Volume:
    """`values` float32 `[X, Y, Z]`: to the right, to the front, up. spacing: mm between voxels, None where unknown."""

    values: Floats
    spacing: tuple[float, float, float] | None


def read_slice(content: bytes, name: str = "") -> Scan:
    """One axial slice of a volume, front up, left to the left. Raises DataError.

    A name that ends in `#40%` asks for the slice at 40 % of the head's height; otherwise it is the one half way up.
    """
    asked = HEIGHT.fullmatch(name)
    plain_name, share = (asked[1], min(int(asked[2]), 100) / 100) if asked else (name, MIDDLE)
    label = shown_name(plain_name, "The volume")
    volume = _volume(content, label)
    inside = _inside(volume.values)
    heights = np.flatnonzero(inside.any((0, 1)))
    if not len(heights):
        raise DataError(f"{label} is empty: every voxel is the same.", HINT)
    place = round(float(heights[0] + share * (heights[-1] - heights[0])))
    values, pixel = _square(volume.values[:, :, place], volume.spacing)
    mask, _ = _square(inside[:, :, place].astype(np.float32), volume.spacing)
    note = f"Slice {place + 1} of {volume.values.shape[2]}, at {100 * share:.0f} % of the head's height."
    if volume.spacing is None:
        note += " The file does not say how its voxels lie: taken as they are stored."
    return Scan(_grey(values, mask > 0.5), note, pixel)


def _volume(content: bytes, label: str) -> Volume:
    """The volume in a file, turned to right, front and up."""
    if len(content) > FILE_BYTES:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB; the limit is {FILE_BYTES / 1e6:.0f} MB.", HINT)
    plain = unpacked(content, label, PLAIN_BYTES)
    import nibabel  # most of a second that only such a file needs
    from nibabel.spatialimages import HeaderDataError

    kind = (
        nibabel.Nifti2Image if plain[:2] in (b"\x1c\x02", b"\x02\x1c") or plain[4:7] == b"n+2" else nibabel.Nifti1Image
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a strange affine is told in our own words
            opened = kind.from_bytes(plain)
            _check(opened.shape, label)
            try:
                turned, is_known = nibabel.as_closest_canonical(opened), True
            except (HeaderDataError, ValueError, np.linalg.LinAlgError):
                turned, is_known = opened, False
            values = np.asarray(turned.dataobj, np.float32).reshape(turned.shape[:3])
    except DataError:
        raise
    except Exception as error:  # nibabel raises its own errors, OSError, ValueError and more for broken files
        raise DataError(f"{label} is not a NIfTI volume that can be read, or it is cut off.", HINT) from error
    spacing = tuple(float(step) for step in turned.header.get_zooms()[:3])
    is_known = is_known and all(SPACING[0] <= step <= SPACING[1] for step in spacing)
    clean = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return Volume(clean, (spacing[0], spacing[1], spacing[2]) if is_known else None)


def _check(shape: tuple[int, ...], label: str) -> None:
    """Refuse by the header, before a voxel is decoded."""
    if len(shape) < 3 or any(side != 1 for side in shape[3:]):
        sides = " × ".join(str(side) for side in shape[:5])
        raise DataError(f"{label} is not one volume of three dimensions but {sides}.", HINT)
    if min(shape[:3]) < 2 or max(shape[:3]) > LONGEST or int(np.prod(shape[:3], dtype=np.int64)) > VOXELS:
        sides = " × ".join(str(side) for side in shape[:3])
        raise DataError(f"{label} has {sides} voxels, which is no head.", "Bring the scan of one head.")


def _inside(values: Floats) -> NDArray[np.bool_]:
    """Which voxels are head: what is not 0 where the rest was cut away, else what is bright."""
    if (values == 0).mean() >= OUTSIDE:
        return np.asarray(values != 0)
    low, high = np.percentile(values, (1, 98))
    return np.asarray(values > low + HEAD * (high - low))


def _square(plane: Floats, spacing: tuple[float, float, float] | None) -> tuple[Floats, float]:
    """A plane `[X, Y]` as `[rows, columns]` from the front with square pixels, and their side in mm (0: unknown)."""
    upright = plane.T[::-1]
    if spacing is None:
        return upright, 0.0
    side = min(spacing[:2])
    factors = spacing[1] / side, spacing[0] / side
    return (upright if factors == (1, 1) else ndimage.zoom(upright, factors, order=1)), side


def _grey(values: Floats, inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """0 outside the head, 1 to 255 inside."""
    if not inside.any():
        return np.zeros(values.shape, np.uint8)
    low, high = min(0.0, float(values[inside].min())), float(np.percentile(values[inside], BRIGHTEST))
    grey = np.clip(np.round((values - low) / max(high - low, 1e-9) * 255), 1, 255)
    return np.asarray(grey * inside, np.uint8)
