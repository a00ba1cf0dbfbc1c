"""Images in a user's data folder, fitted into a square with their proportions kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, GreyRange, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Picture, Raw
from mmlab.modalities.files import with_beside
from mmlab.modalities.image.array_picture import read_array
from mmlab.modalities.image.decode import encode_picture, levels_of, read_picture
from mmlab.modalities.npy_header import NUMPY
from mmlab.modalities.reading import reading

WHITE = "In files of more than 8 bits, the value that is white; 0: 65535, or 1.0 in floating point"

NEITHER = 128  # blue, of a picture that two grey ones make

BLACK = "In files of more than 8 bits, the value that is black"

PIXEL = "The side of a pixel of the files, in mm; 0: it is not known, and areas are given as shares"


def range_of(content: bytes, black: float, white: float) -> GreyRange | None:
    """Of a picture of more than eight bits; a white of 0 is the highest that its format holds."""
    found = levels_of(content)
    return None if found is None else GreyRange(found[0], found[1], black, white or found[2])


def fitted(pixels: NDArray[np.uint8], size: int, smooth: bool = True, beside: int = 0) -> NDArray[np.uint8]:
    """`[H, W]` or `[H, W, 3]` in the middle of a square of `size`, `beside` around it. Not `smooth`: labels stay so."""
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - across) // 2, (size - down) // 2
    way = Image.Resampling.NEAREST
    if smooth:
        way = Image.Resampling.BILINEAR if scale > 1 else Image.Resampling.BOX
    square = np.full((size, size, *pixels.shape[2:]), beside, np.uint8)
    square[top : top + down, left : left + across] = np.asarray(Image.fromarray(pixels).resize((across, down), way))
    return square


def prepare_fitted(raw: Raw, size: int, colour: bool) -> PreparedInput:
    """`[C, size, size]` in [0, 1]."""
    if not isinstance(raw, Picture):
        raise not_of("a picture")
    height, width = raw.pixels.shape[:2]
    changed = (height, width) != (size, size)
    notes = [raw.note] if raw.note else []
    notes += [f"Fitted a picture of {width} × {height} pixels into {size} × {size}."] if changed else []
    image = Image.fromarray(raw.pixels).convert("RGB" if colour else "L")
    planes = np.moveaxis(np.atleast_3d(fitted(np.asarray(image, dtype=np.uint8), size)), -1, 0)
    return reading((np.ascontiguousarray(planes) / 255).astype(np.float32), notes)


@dataclass(frozen=True)
class ImageInput(FolderInput):
    """Pictures: PNG, JPEG, WebP, GIF, BMP or TIFF; .npy arrays `[H, W]`, `[H, W, 3]` or of a square in one row."""

    size: int = option(64, "Pixels across and down, as the model sees it", 8, 256)
    colour: bool = option(False, "Red, green and blue instead of grey")
    white: float = option(0.0, WHITE, 0.0, 1e12)
    black: float = option(0.0, BLACK, -1e12, 1e12)
    pixel_mm: float = option(0.0, PIXEL, 0.0, 1e6)
    beside: str = option("", "u/v: red is the picture in a folder u, and green that of the same name in a folder v")
    seen_as: ClassVar[str] = "image"
    takes_rows: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (3 if self.colour else 1, self.size, self.size)

    def __post_init__(self) -> None:
        if self.beside and (not self.colour or not all(self.beside.partition("/"))):
            raise DataError("Two pictures make one in colour.", 'Write "colour": true, "beside": "u/v".')

    def files(self, path: str) -> tuple[str, ...]:
        return with_beside(path, self.beside)

    def joined(self, files: Mapping[str, bytes]) -> bytes:
        """A picture whose red and green are two grey ones, such as the two directions of optical flow."""
        if len(files) == 1:
            return super().joined(files)
        pictures = [read_picture(each, name, self.white, self.black).pixels for name, each in files.items()]
        red, green = (np.asarray(Image.fromarray(each).convert("L")) for each in pictures)
        if red.shape != green.shape:
            one, two = files
            raise DataError(f"'{one}' and '{two}' differ in size.", f"They are {red.shape} and {green.shape}.")
        return encode_picture(Picture(np.stack([red, green, np.full_like(red, NEITHER)], -1)))

    def grey_range(self, content: bytes) -> GreyRange | None:
        return range_of(content, self.black, self.white)

    def read(self, content: bytes, name: str) -> Raw:
        if content.startswith(NUMPY):
            return replace(read_array(content, name, (self.black, self.white)), pixel=self.pixel_mm)
        return read_picture(content, name, self.white, self.black, self.pixel_mm)

    def prepare(self, raw: Raw) -> PreparedInput:
        return prepare_fitted(raw, self.size, self.colour)
