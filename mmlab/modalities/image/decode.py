"""Image files to pixels, safely; and back."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture
from mmlab.modalities.files import check_bytes, shown_name

PICTURE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
PICTURE_BYTES = 8_000_000
PICTURE_PIXELS = 24_000_000
PICTURE_SIDE = 1024
MORE_BITS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # modes of more than eight bits
PNG = b"\x89PNG\r\n\x1a\n"
FAINT = 8  # times darker than white: what is not brighter has lost three of its eight bits
NEARNESS, PER_MILLIMETRE = 128, 2  # of a depth picture: the grey of its middle, and steps of grey
PICTURE_HINT = "Use a PNG, JPEG, WebP, GIF, BMP or TIFF image."
_PIXEL_LIMIT = f"the limit is {PICTURE_PIXELS // 1_000_000} megapixels"

# Pillow's own guard, which looks at the header too; ours is stricter and gives the size in its sentence
Image.MAX_IMAGE_PIXELS = min(Image.MAX_IMAGE_PIXELS or PICTURE_PIXELS, 250_000_000)


def read_picture(
    content: bytes, name: str = "", white: float | None = 0.0, black: float = 0.0, pixel: float = 0.0
) -> Picture:
    """A picture of any mode as uint8 grey or colour: first frame, turned upright, flattened, at most 1024 px wide.

    white: what becomes 255 of files with more than eight bits, alike in all of them: one that is brighter says so. 0:
    the highest that the format holds (65535; 1.0 in floating point). None: each picture from its own darkest to its
    own brightest, for whoever normalises every picture by itself. black: what becomes 0 of them. pixel: the side of
    a pixel of the file in mm, 0 where not known. Raises DataError.
    """
    return _decoded(content, name, lambda image: _plain(image, white, black), pixel)


def read_depth(content: bytes, name: str = "") -> Picture:
    """A depth picture as uint8 grey: nearer is brighter, 0 is nothing measured, `NEARNESS` the picture's middle.

    Sixteen bits hold millimetres, and become two steps of grey each. Eight bits are taken as nearness already.
    """
    return _decoded(content, name, _nearness)


def read_distance(content: bytes, name: str = "", near: float = 400.0, far: float = 5000.0) -> Picture:
    """A depth picture of a scene as uint8 grey: 255 at `near`, 1 at `far`, 0 where nothing is measured; millimetres.

    Sixteen bits hold millimetres; what is not between the two is left out. Eight bits are taken as nearness already.
    """

    def nearness(image: Image.Image) -> tuple[Image.Image, str]:
        if image.mode not in MORE_BITS:
            return _shades_of_nearness(image)
        distance = _numbers(image)
        kept = (distance >= near) & (distance <= far)
        if not kept.any():
            message = f"Nothing in the depth picture is between {near:,.0f} and {far:,.0f} mm away."
            raise DataError(message, "Use distances in millimetres.")
        grey = np.where(kept, np.round(1 + 254 * (far - distance) / (far - near)), 0)
        note = f"Read as millimetres: what is not between {near:,.0f} and {far:,.0f} mm away was left out."
        return Image.fromarray(grey.astype(np.uint8)), note

    return _decoded(content, name, nearness)


def _decoded(
    content: bytes, name: str, plain: Callable[[Image.Image], tuple[Image.Image, str]], pixel: float = 0.0
) -> Picture:
    """The first frame, upright, made `plain` (with a sentence about it), at most 1024 px wide. Raises DataError."""
    label = shown_name(name, "The picture")
    check_bytes(content, label, PICTURE_BYTES, PICTURE_HINT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a file says wrong of itself is not for the log of whoever hosts this
            with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as opened:
                _check_pixels(opened, label)
                opened.seek(0)
                longest = max(opened.size)
                opened.draft("RGB" if opened.mode not in ("1", "L") else "L", (PICTURE_SIDE, PICTURE_SIDE))
                opened.load()
                image, note = plain(ImageOps.exif_transpose(opened))
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{label} has too many pixels; {_PIXEL_LIMIT}.", "Make it smaller and try again.") from error
    except Exception as error:  # pillow raises OSError, ValueError, SyntaxError and more for broken files
        raise DataError(f"{label} is not a picture that can be read, or it is damaged.", PICTURE_HINT) from error
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BOX)
    return Picture(np.array(image, dtype=np.uint8), note, pixel * longest / max(image.size))


def _check_pixels(opened: Image.Image, label: str) -> None:
    width, height = opened.size
    if width * height > PICTURE_PIXELS:
        message = f"{label} is {width:,} × {height:,} pixels; {_PIXEL_LIMIT}."
        raise DataError(message, "Make it smaller and try again.")
    if min(width, height) < 2:
        raise DataError(f"{label} is only {width} × {height} pixels.", "Use an image that is not blank.")


def _plain(image: Image.Image, white: float | None = 0.0, black: float = 0.0) -> tuple[Image.Image, str]:
    """`L` or `RGB` of any mode, and a sentence. Transparency is flattened against the contrary of the ink."""
    if image.mode in MORE_BITS:
        values = _numbers(image)
        highest = 1.0 if image.mode == "F" else 65535.0
        grey, note = _stretched(values, highest) if white is None else _eight_bits(values, (black, white), highest)
        return Image.fromarray(grey), note
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        clear.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BOX)  # before it takes 40 bytes a pixel
        return _flatten(clear), ""
    if image.mode in ("1", "L", "LA"):
        return image.convert("L"), ""
    return image.convert("RGB"), ""


def levels_of(content: bytes) -> tuple[float, float, float] | None:
    """The lowest and the highest number in a picture of more than eight bits, and the highest that its format holds.

    None for any other file, of which mostly no more than the first bytes are looked at.
    """
    deep_png = content.startswith(PNG) and content[24:25] == b"\x10"
    if not (deep_png or content[:2] in (b"II", b"MM")):
        return None
    found: list[tuple[float, float, float]] = []

    def noted(image: Image.Image) -> tuple[Image.Image, str]:
        if image.mode in MORE_BITS:
            values = _numbers(image)
            found.append((float(values.min()), float(values.max()), 1.0 if image.mode == "F" else 65535.0))
        return image.convert("L"), ""

    try:
        _decoded(content, "", noted)
    except DataError:  # told where it is read
        return None
    return found[0] if found else None


def _numbers(image: Image.Image) -> NDArray[np.float32]:
    """The numbers of a picture of more than eight bits, in single precision; 0 where there is none."""
    return np.nan_to_num(np.asarray(image, dtype=np.float32), copy=True, nan=0.0, posinf=0.0, neginf=0.0)


def _eight_bits(
    values: NDArray[np.float32], ends: tuple[float, float], highest: float
) -> tuple[NDArray[np.uint8], str]:
    """Greys of more than eight bits from black to white; a white of 0 is the `highest` of the format.

    Raises DataError.
    """
    (black, white), high = ends, float(values.max())
    top = white or highest
    if black >= top:
        raise DataError(
            f"{black:g} is black, which is not below {top:g}, the white.", 'Give "white" in task.json, too.'
        )
    if not white and (values.min() < 0 or high > highest):
        message = f"The picture holds {values.min():.6g} to {high:.6g}, which is not within 0 to {highest:g}."
        raise DataError(message, f"Say which value is white, such as {max(high, 1):.6g}, or save it in eight bits.")
    above = f"; up to {high:.6g} is white, too." if high > top else "."
    note = f"{black:.6g} is black and {top:.6g} is white{above}"
    is_dim = high - black < (top - black) / FAINT
    dim = f" The brightest here is {high:.6g}: few steps of grey are left." if is_dim else ""
    return np.round(np.clip((values - black) / (top - black), 0, 1) * 255).astype(np.uint8), note + dim


def _stretched(values: NDArray[np.float32], highest: float) -> tuple[NDArray[np.uint8], str]:
    """Greys of more than eight bits from the darkest to the brightest of this picture."""
    low, high = float(values.min()), float(values.max())
    if low == high:  # one grey, which is none of the two
        low, high = 0.0, max(highest, high, 1e-9)
    return np.round(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8), ""


def _nearness(image: Image.Image) -> tuple[Image.Image, str]:
    """A depth picture as nearness about the median of its middle; what is far from that is left out."""
    if image.mode not in MORE_BITS:
        return _shades_of_nearness(image)
    distance = _numbers(image)
    height, width = distance.shape
    centre = distance[height // 4 : height - height // 4, width // 4 : width - width // 4]
    if not (centre > 0).any():
        raise DataError("The depth picture has nothing measured in its middle.", "Use distances in millimetres.")
    middle = float(np.median(centre[centre > 0]))
    nearness = np.round(NEARNESS + PER_MILLIMETRE * (middle - distance))
    kept = (distance > 0) & (nearness >= 1) & (nearness <= 255)
    note = f"Read as millimetres: the middle is {middle:,.0f} mm away, and what is far from it was left out."
    return Image.fromarray(np.where(kept, nearness, 0).astype(np.uint8)), note


def _shades_of_nearness(image: Image.Image) -> tuple[Image.Image, str]:
    """Eight bits as nearness, and a sentence."""
    coloured = "Colours hold no distances: their brightness was taken as nearness."
    told = "Eight bits: brightness was taken as nearness, black as nothing measured."
    grey, _ = _plain(image)
    return grey.convert("L"), coloured if grey.mode == "RGB" else told


def _flatten(image: Image.Image) -> Image.Image:
    """Opaque parts on white, or on black where they are light themselves (white ink on nothing)."""
    pixels = np.asarray(image, dtype=np.float32)
    alpha = pixels[..., 3:]
    weight = max(float(alpha.sum()), 1.0)
    light = float((pixels[..., :3].mean(-1, keepdims=True) * alpha).sum()) / weight > 128
    mostly_clear = float(alpha.mean()) < 128
    paper = Image.new("RGBA", image.size, (0, 0, 0, 255) if light and mostly_clear else (255, 255, 255, 255))
    return Image.alpha_composite(paper, image).convert("RGB")


def encode_picture(picture: Picture) -> bytes:
    """A PNG of exactly these pixels."""
    target = io.BytesIO()
    Image.fromarray(picture.pixels).save(target, "PNG", optimize=True)
    return target.getvalue()
