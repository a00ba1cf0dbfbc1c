"""Three-dimensional scans: NIfTI files and arrays to grey voxels in a common orientation; and back."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.recordings import ScanVolume
from mmlab.modalities.files import check_bytes, shown_name
from mmlab.modalities.npy_array import check_finite, check_named, loaded, sides
from mmlab.modalities.npy_header import NUMPY
from mmlab.modalities.scan.folder_input import UNTURNED, GreyScan, as_labels, grey_scan, greys, label_scan
from mmlab.modalities.scan.nifti import HINT as SLICE_HINT
from mmlab.modalities.scan.nifti import PLAIN_BYTES, VOXELS, encode_volume, is_scan

LEAST, SIDE = 2, 128  # voxels a side: of a file, and of what is kept of it unless more is asked for
HINT = "Give a NIfTI file (.nii or .nii.gz), or a .npy of [slices, rows, columns]."
LABELS_HINT = "Give a NIfTI file (.nii or .nii.gz) of labels, or a .npy of [slices, rows, columns]; 0 is none."


def read_scan_volume(content: bytes, name: str = "", most: int = SIDE) -> ScanVolume:
    """A scan in grey, of at most `most` voxels a side. Raises DataError."""
    label = shown_name(name, "The scan")
    spacing: tuple[float, ...] = ()
    note = ""
    if content.startswith(NUMPY):
        values = _from_array(content, label)
    else:
        check_bytes(content, label, PLAIN_BYTES, HINT)
        check_named(content, name, label, HINT)
        found = _scan(content, name)
        values, spacing, note = _lying(found)
    if min(values.shape) < LEAST:
        raise DataError(f"{label} has {sides(values.shape)} voxels, which is no scan.", HINT)
    if not values.any():
        raise DataError(f"{label} is empty: every voxel is 0.", HINT)
    return _small(values, spacing, note, most)


def read_label_volume(content: bytes, name: str = "", most: int = SIDE) -> ScanVolume:
    """The labels of a scan's voxels, 0 to 255, as `read_scan_volume` would turn and thin it out. Raises DataError."""
    label = shown_name(name, "The label map")
    spacing: tuple[float, ...] = ()
    note = ""
    if content.startswith(NUMPY):
        values = as_labels(loaded(content, label, PLAIN_BYTES, LABELS_HINT, partial(_check, label)))
    else:
        check_bytes(content, label, PLAIN_BYTES, LABELS_HINT)
        if not is_scan(content):
            raise DataError(f"{label} is no NIfTI file.", LABELS_HINT)
        values, spacing, note = _lying(label_scan(content, name))
    steps = _steps(values.shape, most)
    thin = values[tuple(slice(step // 2, None, step) for step in steps)]
    return ScanVolume(np.ascontiguousarray(thin), _stretched(spacing, steps), note)


def encode_scan_volume(raw: ScanVolume) -> bytes:
    """A packed NIfTI-1 file that `read_scan_volume` takes."""
    return encode_volume(list(raw.voxels), raw.spacing)


def _lying(found: GreyScan) -> tuple[NDArray[np.uint8], tuple[float, ...], str]:
    """Voxels from below, from the front and from the left, the mm between them, and a note."""
    values = found.values.transpose(2, 1, 0)[:, ::-1]
    return values, tuple(reversed(found.steps or ())), "" if found.is_oriented else UNTURNED


def _scan(content: bytes, name: str) -> GreyScan:
    """A NIfTI file. Raises DataError, which offers no picture of a slice, as where slices are taken."""
    try:
        return grey_scan(content, name)
    except DataError as error:
        raise DataError(error.message, HINT if error.hint == SLICE_HINT else error.hint) from error


def _from_array(content: bytes, label: str) -> NDArray[np.uint8]:
    """Voxels `[D, H, W]` of a .npy file: bytes as they are, other numbers from dark to bright."""
    values = loaded(content, label, PLAIN_BYTES, HINT, partial(_check, label))
    if values.dtype == np.uint8:
        return values
    check_finite(values, label)
    return greys(values.astype(np.float32))


def _check(label: str, shape: tuple[int, ...], form: np.dtype) -> None:
    if len(shape) != 3 or form.kind not in "iuf":
        raise DataError(f"{label} has {sides(shape)} of {form.name}, which is no scan.", HINT)
    if int(np.prod(shape, dtype=object)) > VOXELS:
        raise DataError(f"{label} has {sides(shape)} voxels.", f"Up to {VOXELS // 10**6} million in all.")


def _steps(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """How many voxels along each side become one, so that at most `most` are left."""
    return tuple(-(-side // most) for side in shape)


def _stretched(spacing: tuple[float, ...], steps: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(mm * step for mm, step in zip(spacing, steps, strict=True)) if spacing else ()


def _small(values: NDArray[np.uint8], spacing: tuple[float, ...], note: str, most: int) -> ScanVolume:
    """At most `most` voxels a side: means over blocks, so that nothing between two of them is overlooked."""
    steps = _steps(values.shape, most)
    if max(steps) > 1:
        smooth = ndimage.uniform_filter(values, steps, mode="nearest")
        first = tuple(step // 2 for step in steps)
        values = smooth[tuple(slice(at, None, step) for at, step in zip(first, steps, strict=True))]
    spacing = _stretched(spacing, steps)
    return ScanVolume(np.ascontiguousarray(values), spacing, note)
