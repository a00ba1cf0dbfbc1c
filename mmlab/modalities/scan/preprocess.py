"""Slices of head scans: from the bytes of a PNG or NIfTI file to grey images, and on to model inputs.

In a slice 0 is outside the brain. Rows run from the front of the head to the back, columns from its left to its right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.recordings import Raw, Scan
from mmlab.core.task import PreparedInput
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.reading import reading
from mmlab.modalities.scan.grid import PIXEL, SIDE
from mmlab.modalities.scan.nifti import is_scan
from mmlab.modalities.scan.volume_slice import MIDDLE, read_slice

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
OUTSIDE = 0.1  # least share of exact zeros by which a slice is taken as cut to the brain already
HEAD = 0.15  # of the bright end: what is above it is head, where nobody has cut it out
LENGTH = 0.86  # of the field that the longer side of a brain takes, as in the slices that are trained on
FAR = 6.0  # spreads from the brain's mean at which values are cut
SMALLEST = 0.02  # share of the field that must be head
ENDINGS = (".nii", ".nii.gz")
GREY = 8  # steps that the colours of a grey picture may differ by
NO_HEAD = ("There is no head in this slice.", "Use an axial slice of a brain, on black.")


def read_scan(content: bytes, name: str = "", height: int = MIDDLE) -> Scan:
    """A slice in grey, from a NIfTI volume (at `height`, see `read_slice`) or a picture. Raises DataError."""
    if is_scan(content) or name.lower().endswith(ENDINGS):
        return read_slice(content, name, height)
    picture = read_picture(content, name, white=None)
    if picture.pixels.ndim == 2:
        return Scan(picture.pixels, picture.note)
    colourful = int(np.ptp(picture.pixels.astype(np.int16), axis=2).max()) > GREY
    note = "Colours were converted to greyscale; a scan has none." if colourful else picture.note
    return Scan(np.round(picture.pixels.mean(2)).astype(np.uint8), note)


def prepare_scan(raw: Raw) -> PreparedInput:
    """A slice as `[1, SIDE, SIDE]`: mean 0 and spread 1 inside the head, 0 outside. Raises DataError."""
    if not isinstance(raw, Scan):
        raise DataError("This is not a slice of a scan.", "Use a PNG image of a slice, or a NIfTI file.")
    notes = [raw.note] if raw.note else []
    pixels = raw.pixels.astype(np.float32)
    inside, is_guessed = _head(pixels)
    if is_guessed:
        notes.append("The background is not black: the bright part was taken as the head.")
    if pixels.shape != (SIDE, SIDE):
        pixels, inside = in_field(pixels, inside, raw.pixel)
        notes.append(f"Cropped to the head and resized to {SIDE} by {SIDE} pixels.")
    if inside.mean() < SMALLEST or np.ptp(pixels[inside]) == 0:
        raise DataError(*NO_HEAD)
    values = pixels[inside]
    scaled = (pixels - values.mean()) / max(float(values.std()), 1e-6)
    return reading((np.clip(scaled, -FAR, FAR) * inside)[None], notes)


def _head(pixels: Floats) -> tuple[Flags, bool]:
    """Where the head is, and whether that had to be guessed because nothing is cut out."""
    if (pixels == 0).mean() >= OUTSIDE:
        return pixels > 0, False
    smooth = ndimage.uniform_filter(pixels, 3)
    low, high = np.percentile(smooth, (1, 98))
    regions, count = ndimage.label(smooth > low + HEAD * (high - low))
    if not count:
        return np.zeros(pixels.shape, bool), True
    largest = np.bincount(regions.ravel())[1:].argmax() + 1
    return np.asarray(ndimage.binary_fill_holes(regions == largest)), True


def in_field(pixels: Floats, inside: Flags, pixel: float) -> tuple[Floats, Flags]:
    """The head in the middle of a square field, as large as in the slices that are trained on.

    pixel: the side of a pixel in mm; where it is not known (0), the head is taken to be of the usual length.
    """
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        raise DataError(*NO_HEAD)
    length = max(np.ptp(rows), np.ptp(columns)) + 1
    step = PIXEL / pixel if pixel else length / (LENGTH * SIDE)  # pixels of the slice per pixel of the field
    smooth = ndimage.gaussian_filter(np.where(inside, pixels, 0), max(0.0, (step - 1) / 2))
    along = (np.arange(SIDE) - (SIDE - 1) / 2) * step
    places = np.meshgrid((rows[0] + rows[-1]) / 2 + along, (columns[0] + columns[-1]) / 2 + along, indexing="ij")
    covered = ndimage.map_coordinates(inside.astype(np.float32), places, order=1) > 0.5
    return np.asarray(ndimage.map_coordinates(smooth, places, order=1), np.float32), covered
