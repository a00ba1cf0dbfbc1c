"""Images of a scene to model input: the central square at one size, in colour, in grey, or as depth.

A picture that has this size already is taken as it is, which is how shipped samples come.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture, Raw
from mmlab.core.task import PreparedInput
from mmlab.modalities.reading import reading

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
LEAST_MEASURED = 0.5  # share of what makes up a pixel of depth


def as_input(pixels: Bytes) -> Floats:
    """Colour `[..., H, W, 3]` as `[..., 3, H, W]`, grey `[..., H, W]` (W is not 3) as `[..., 1, H, W]`, in [0, 1]."""
    planes = np.moveaxis(pixels, -1, -3) if pixels.shape[-1] == 3 else pixels[..., None, :, :]
    return np.asarray(planes, np.float32) / np.float32(255)


def prepare_colour(raw: Raw, side: int) -> PreparedInput:
    """`[3, side, side]`. A grey picture gets three equal colours. Raises DataError for a blank one."""
    picture = _seen(raw)
    notes = [] if picture.pixels.ndim == 3 else ["It has no colours: red, green and blue are the same."]
    square, cut = middle_square(picture.pixels, side)
    small = square if square.shape[:2] == (side, side) else smaller(square, side)
    return _as_reading(np.repeat(small[..., None], 3, 2) if small.ndim == 2 else small, picture, notes + cut)


def prepare_grey(raw: Raw, side: int) -> PreparedInput:
    """`[1, side, side]`. A colour picture is turned to grey. Raises DataError for a blank one."""
    picture = _seen(raw)
    notes = [] if picture.pixels.ndim == 2 else ["Converted to greyscale."]
    square, cut = middle_square(_grey(picture.pixels), side)
    return _as_reading(smaller(square, side), picture, notes + cut)


def prepare_square(raw: Raw, side: int, hint: str, said: str) -> PreparedInput:
    """`[1, side, side]` greys of the middle square, blank or not. said: where that changed the picture.

    Raises DataError, with this hint, for what is no picture.
    """
    if not isinstance(raw, Picture):
        raise DataError("This is not a picture.", hint)
    image = Image.fromarray(raw.pixels).convert("L")
    if image.size == (side, side):
        return reading(as_input(np.asarray(image)), [])
    square, _ = middle_square(np.asarray(image), side)
    return reading(as_input(smaller(square, side)), [said])


def prepare_depth(raw: Raw, side: int) -> PreparedInput:
    """`[1, side, side]`, nearer is brighter, 0 where nothing is measured. Raises DataError for a blank picture.

    Made smaller, a pixel is the mean of what is measured in it, if that is half of it.
    """
    picture = _seen(raw)
    square, cut = middle_square(_grey(picture.pixels), side)
    if square.shape == (side, side):
        return _as_reading(square, picture, cut)
    measured = Image.fromarray((square > 0).astype(np.float32)).resize((side, side), Image.Resampling.BOX)
    total = Image.fromarray(square.astype(np.float32)).resize((side, side), Image.Resampling.BOX)
    share = np.asarray(measured)
    mean = np.asarray(total) / np.maximum(share, 1e-6)
    return _as_reading(np.where(share >= LEAST_MEASURED, np.round(mean), 0).astype(np.uint8), picture, cut)


def _seen(raw: Raw) -> Picture:
    if not isinstance(raw, Picture):
        raise DataError("This is not a picture.", "Use an image.")
    if raw.pixels.min() == raw.pixels.max():
        raise DataError("The picture is blank.", "Use an image that is not blank.")
    return raw


def _as_reading(pixels: Bytes, picture: Picture, notes: list[str]) -> PreparedInput:
    return reading(as_input(pixels), [picture.note, *notes] if picture.note else notes)


def middle_square(pixels: Bytes, side: int) -> tuple[Bytes, list[str]]:
    """The middle square, and what is done to the picture."""
    height, width = pixels.shape[:2]
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    notes = ["Cropped to the square in the middle."] if height != width else []
    if (height, width) != (side, side):
        notes.append(f"Resized from {width:,} × {height:,} to {side} × {side} pixels.")
    return pixels[top : top + least, left : left + least], notes


def smaller(pixels: Bytes, side: int) -> Bytes:
    """A square of pixels as one of `side`."""
    if pixels.shape[:2] == (side, side):
        return pixels
    return np.array(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX), dtype=np.uint8)


def _grey(pixels: Bytes) -> Bytes:
    return np.array(Image.fromarray(pixels).convert("L"), dtype=np.uint8) if pixels.ndim == 3 else pixels
