"""Slices of scans and label maps in a user's data folder, fitted into a square with their proportions kept."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, GreyRange
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Picture, Raw
from mmlab.core.spans import divisor
from mmlab.modalities.files import numbered, shown_name
from mmlab.modalities.image.decode import PICTURE_BYTES, PICTURE_PIXELS, read_picture
from mmlab.modalities.image.folder_input import BLACK, PIXEL, WHITE, prepare_fitted, range_of
from mmlab.modalities.scan.nifti import AXES, Volume, is_scan, read_volume

SCANS = 8  # kept decoded: the slices of a case follow each other, and all its scans are asked for each
DARK, BRIGHT = 1.0, 99.0  # percentiles of the voxels that are not 0
STRETCHED = 12  # times as long as wide: no pixel of a scan is
UNKNOWN_STEPS = (1.0, 1.0, 1.0)
UNTURNED = "The file does not state the orientation of its voxels: they are used as stored."
SLACK = 0.01  # that a label may be off by: factors of scale are stored as rounded numbers
STEPS_OF_BITS = {"L;2": 85, "L;4": 17}  # pillow stretches grey of few bits to 255
LABEL_HINT = "Give a PNG whose grey values (or palette numbers) are the labels, or a NIfTI of them; 0 is none."


@dataclass(frozen=True)
class SlicesInput(FolderInput):
    """One slice of a scan: NIfTI, and which slice after a `#`; or a picture of a slice."""

    size: int = option(64, "Pixels across and down, as the model sees it", 8, 256)
    axis: str = option("axial", "The direction that the scan is cut across", choices=tuple(AXES))
    white: float = option(0.0, WHITE, 0.0, 1e12)
    black: float = option(0.0, BLACK, -1e12, 1e12)
    pixel_mm: float = option(0.0, f"{PIXEL}. Scans say it themselves", 0.0, 1e6)
    seen_as: ClassVar[str] = "image"
    numbered: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, self.size, self.size)

    def grey_range(self, content: bytes) -> GreyRange | None:
        return range_of(content, self.black, self.white)

    def read(self, content: bytes, name: str) -> Raw:
        """A name that ends in `#57` asks for that slice of a scan; otherwise it is the one in the middle."""
        if not is_scan(content):
            return read_picture(content, name, self.white, self.black, self.pixel_mm)
        scan = grey_scan(content, numbered(name)[0])
        plane = _plane(scan, name, self.axis, Image.Resampling.BILINEAR)
        return Picture(plane, "" if scan.is_oriented else UNTURNED, scan.side(self.axis) or self.pixel_mm)

    def prepare(self, raw: Raw) -> PreparedInput:
        return prepare_fitted(raw, self.size, colour=False)


def read_labels(content: bytes, name: str, axis: str) -> NDArray[np.uint8]:
    """Whole numbers per pixel `[H, W]`, 0 to 255, from a PNG or a slice of a NIfTI. Raises DataError."""
    if is_scan(content):
        return _plane(label_scan(content, numbered(name)[0]), name, axis, Image.Resampling.NEAREST)
    return as_labels(_png_labels(content, shown_name(name, "The label map")))


def as_labels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers as labels. Raises DataError for what is none."""
    whole = np.round(values)
    if whole.min() < 0 or whole.max() > 255 or np.abs(values - whole).max() > SLACK:
        raise DataError("The labels are not whole numbers from 0 to 255.", LABEL_HINT)
    return np.asarray(whole, np.uint8)


@dataclass(frozen=True)
class GreyScan:
    """`values` uint8 `[X, Y, Z]`, and the mm between them, where that is known."""

    values: NDArray[np.uint8]
    steps: tuple[float, float, float] | None
    is_oriented: bool

    def side(self, axis: str) -> float:
        """The side of the square pixels of its planes across an axis, in mm; 0 where that is not known."""
        across = [step for place, step in enumerate(self.steps or ()) if place != AXES[axis]]
        return min(across) if across and max(across) <= STRETCHED * min(across) else 0.0


def _scan(values: NDArray[np.uint8], volume: Volume) -> GreyScan:
    return GreyScan(values, volume.spacing, volume.is_oriented)


@lru_cache(maxsize=SCANS)
def grey_scan(content: bytes, name: str) -> GreyScan:
    """A scan in grey. Raises DataError."""
    volume = read_volume(content, name)
    return _scan(greys(volume.values), volume)


def greys(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Numbers `[X, Y, Z]`: what is not 0 runs from dark to bright over the whole scan, 0 stays black."""
    flat = values.ravel("K")  # in the order in which they lie, which takes a third of the time
    there = flat[flat != 0]
    low, high = np.percentile(there, (DARK, BRIGHT), overwrite_input=True) if there.size else (0.0, 1.0)

    def grey(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
        shade = np.clip((plane - low) / divisor(high - low), 0, 1) * 254 + 1
        return np.round(shade * (plane != 0)).astype(np.uint8)

    return _by_planes(grey, values)


@lru_cache(maxsize=SCANS)
def label_scan(content: bytes, name: str) -> GreyScan:
    """A scan of labels. Raises DataError."""
    volume = read_volume(content, name)
    if volume.lost:
        raise DataError("The labels are not whole numbers from 0 to 255.", LABEL_HINT)
    return _scan(_by_planes(as_labels, volume.values), volume)


def _by_planes(
    made: Callable[[NDArray[np.float32]], NDArray[np.uint8]], values: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """`made` of each slice: of the whole scan at once, what lies in between would take ten times its memory."""
    found = np.empty_like(values, np.uint8)
    for height in range(values.shape[2]):
        found[..., height] = made(values[..., height])
    return found


def _plane(scan: GreyScan, name: str, axis: str, way: Image.Resampling) -> NDArray[np.uint8]:
    """The slice `[H, W]` that `name` asks for after a `#`, counted from 0, else the one in the middle; up is up.

    Its pixels are square. Raises DataError for a slice that is not there.
    """
    across = AXES[axis]
    path, wanted = numbered(name)
    count = scan.values.shape[across]
    if wanted and not (wanted.isdecimal() and int(wanted) < count):
        label = shown_name(path, "The scan")
        raise DataError(f"{label} has no {axis} slice '{wanted[:12]}'.", f"It has 0 to {count - 1}.")
    cut = [slice(None)] * across + [int(wanted) if wanted else count // 2]
    plane = np.rot90(scan.values[tuple(cut)])  # np.take would copy a volume that is not in C order
    width, height = (step for place, step in enumerate(scan.steps or UNKNOWN_STEPS) if place != across)
    side = min(width, height)
    if width == height or max(width, height) > STRETCHED * side:
        return np.ascontiguousarray(plane)
    size = round(plane.shape[1] * width / side), round(plane.shape[0] * height / side)
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, way))


def _png_labels(content: bytes, label: str) -> NDArray[Any]:
    if len(content) > PICTURE_BYTES:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB.", LABEL_HINT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a file says wrong of itself is not for the log of whoever hosts this
            with Image.open(io.BytesIO(content), formats=("PNG",)) as opened:
                if opened.width * opened.height > PICTURE_PIXELS or opened.mode not in ("1", "L", "P", "I", "I;16"):
                    raise DataError(f"{label} is too large, or in colour.", LABEL_HINT)
                step = STEPS_OF_BITS.get(str(opened.tile[0].args), 1)
                return np.asarray(opened).astype(np.int64) // step
    except DataError:
        raise
    except Exception as error:  # pillow raises OSError, ValueError, SyntaxError and more for broken files
        raise DataError(f"{label} is not a PNG that can be read.", LABEL_HINT) from error
