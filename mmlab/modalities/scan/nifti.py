"""Untrusted NIfTI files (.nii, .nii.gz) to voxels in the same orientation for every file.

Sizes are checked from the header, and unpacking is bounded, before anything is decoded; nibabel reads the rest.
"""

from __future__ import annotations

import gzip
import io
import logging
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.files import shown_name

Floats = NDArray[np.float32]
AXES = {"sagittal": 0, "coronal": 1, "axial": 2}
FILE_BYTES, PLAIN_BYTES = 64_000_000, 256_000_000
VOXELS, LONGEST = 40_000_000, 1024
SPACING = (0.1, 20.0)  # mm between voxels that can be true
GZIP = b"\x1f\x8b"
MAGIC_AT = 344
STORED = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])  # the orientation that turns nothing
HINT = "Give a three-dimensional NIfTI-1 or -2 file (.nii or .nii.gz), or a PNG picture of one slice."


@dataclass(frozen=True)
class Volume:
    """`values` float32 `[X, Y, Z]`: to the right, to the front, up. spacing: mm between voxels, None where unknown.

    A file that states no orientation (both codes 0) is taken as it is stored, and its spacing is not known either.
    lost: how many voxels held no finite number; they are 0 now. is_oriented: whether the file says how they lie.
    """

    values: Floats
    spacing: tuple[float, float, float] | None
    lost: int = 0
    is_oriented: bool = True


def is_scan(content: bytes) -> bool:
    """Whether these bytes look like NIfTI, packed or not."""
    return content[:2] == GZIP or content[MAGIC_AT : MAGIC_AT + 4] in (b"n+1\0", b"ni1\0") or _is_second(content)


def read_volume(content: bytes, name: str = "") -> Volume:
    """The volume in a file, turned to right, front and up. Raises DataError."""
    label = shown_name(name, "The volume")
    if len(content) > FILE_BYTES:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB; the limit is {FILE_BYTES / 1e6:.0f} MB.", HINT)
    plain = _unpacked(content, label)
    import nibabel  # most of a second that only such a file needs
    from nibabel.imageglobals import logger
    from nibabel.spatialimages import HeaderDataError

    logger.setLevel(logging.CRITICAL)  # what is odd about a header is told in our own words, or does not matter
    kind = nibabel.Nifti2Image if _is_second(plain) else nibabel.Nifti1Image
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = kind.from_bytes(plain)
            _check(opened.shape, opened.get_data_dtype(), label)
            is_known = _is_oriented(opened.header)
            try:
                turn = nibabel.io_orientation(opened.affine) if is_known else STORED
            except (HeaderDataError, ValueError, np.linalg.LinAlgError):
                is_known, turn = False, STORED
            values, lost = _voxels(opened)
            values = nibabel.apply_orientation(values, turn)
            steps = opened.header.get_zooms() if (turn == STORED).all() else nibabel.affines.voxel_sizes(opened.affine)
    except DataError:
        raise
    except Exception as error:  # nibabel raises its own errors, OSError, ValueError and more for broken files
        raise DataError(f"{label} is not a NIfTI volume that can be read, or it is cut off.", HINT) from error
    spacing = tuple(float(steps[place]) for place in np.argsort(turn[:, 0]))
    is_measured = is_known and all(SPACING[0] <= step <= SPACING[1] for step in spacing)
    if lost == values.size:
        raise DataError(f"{label} holds no number: every voxel is NaN or infinite.", HINT)
    return Volume(values, (spacing[0], spacing[1], spacing[2]) if is_measured else None, lost, is_known)


def encode_volume(slices: Sequence[NDArray[np.uint8]], spacing: Sequence[float] = ()) -> bytes:
    """A packed NIfTI-1 file of slices from below, each `[rows, columns]` from the front.

    spacing: mm between slices, rows and columns; 1 where none is given.
    """
    import nibabel

    values = np.stack([np.ascontiguousarray(each[::-1].T) for each in slices], axis=2)
    volume = nibabel.Nifti1Image(values, np.diag([*reversed(spacing or (1.0, 1.0, 1.0)), 1.0]))
    return gzip.compress(volume.to_bytes(), mtime=0)


def _voxels(opened: Any) -> tuple[Floats, int]:
    """All voxels `[X, Y, Z]`, and how many held no finite number; slice by slice, since scaling takes 8 bytes each."""
    values, lost = np.empty(opened.shape[:3], np.float32, order="F"), 0  # as the file has them: a slice lies in one
    rest = (0,) * (len(opened.shape) - 3)
    for height in range(opened.shape[2]):
        plane = np.asarray(opened.dataobj[(slice(None), slice(None), height, *rest)], np.float32)
        finite = np.isfinite(plane)
        lost += int(finite.size - finite.sum())
        values[..., height] = np.where(finite, plane, np.float32(0))
    return values, lost


def _is_oriented(header: Any) -> bool:
    """Whether a header says how its voxels lie; nibabel makes an orientation up where none is stated."""
    return bool(header["qform_code"] > 0 or header["sform_code"] > 0)


def _is_second(content: bytes) -> bool:
    return content[:2] in (b"\x1c\x02", b"\x02\x1c") and content[4:7] == b"n+2"


def _unpacked(content: bytes, label: str) -> bytes:
    """The bytes of the file, unpacked up to a bound. Raises DataError."""
    if content[:2] != GZIP:
        return content
    try:  # of several members, too, as parallel packers write them
        plain = gzip.GzipFile(fileobj=io.BytesIO(content)).read(PLAIN_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{label} is damaged, or it is cut off.", HINT) from error
    if len(plain) > PLAIN_BYTES:
        raise DataError(f"{label} is larger than {PLAIN_BYTES / 1e6:.0f} MB once unpacked.", HINT)
    return plain


def _check(shape: tuple[int, ...], kind: np.dtype[Any], label: str) -> None:
    """Refuse by the header, before a voxel is decoded."""
    if kind.kind not in "iuf":
        raise DataError(f"{label} does not hold one plain number per voxel.", HINT)
    if len(shape) < 3 or any(side != 1 for side in shape[3:]):
        sides = " × ".join(str(side) for side in shape[:5])
        raise DataError(f"{label} is not one volume of three dimensions but {sides}.", HINT)
    if min(shape[:3]) < 1 or max(shape[:3]) > LONGEST or int(np.prod(shape[:3], dtype=object)) > VOXELS:
        sides = " × ".join(str(side) for side in shape[:3])
        raise DataError(f"{label} has {sides} voxels.", f"Up to {LONGEST} a side and {VOXELS // 10**6} million in all.")
