"""Clips made of images: archives of them (as several files are joined), and images with several frames."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.errors import DataError
from mmlab.core.recordings import Clip
from mmlab.modalities.files import shown_name
from mmlab.modalities.frames.sampling import evenly, natural_order
from mmlab.modalities.image.decode import PICTURE_BYTES, PICTURE_FORMATS, PICTURE_PIXELS, read_picture
from mmlab.storage import bounded_zip
from mmlab.storage.bounded_zip import Archive, Bounds, DamagedArchive

ENDINGS = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")
MOVING = (b"GIF8", b"RIFF", b"\x89PNG", b"II*\0", b"MM\0*")  # how files begin that may hold several pictures
FRAME_SIDE = 256  # pixels of the longer side that are kept of a frame
FILES, UNPACKED = 4096, 256 * 2**20  # of an archive
MOST_PIXELS = 72_000_000  # that are decoded of one clip: 32 frames of 1920 × 1080
MOST_MOVING = 2000  # frames of a picture that moves
WITHIN = f"{MOST_PIXELS // 1_000_000} megapixels"
HINT = "Give the pictures of a clip, all of one size."


def is_picture(name: str) -> bool:
    """Whether a file is taken as a picture of a clip, by its ending; files that begin with a dot are not."""
    return not name.startswith(".") and PurePosixPath(name).suffix[1:].lower() in ENDINGS


def packed(files: Mapping[str, bytes]) -> bytes:
    """Files by their names as one archive, as `from_archive` reads it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def from_archive(content: bytes, name: str, wanted: int) -> Clip:
    """Frames from a zip of pictures, by their names in natural order. Raises DataError."""
    label = shown_name(name, "The archive")
    try:
        with bounded_zip.opened(content, Bounds(FILES, UNPACKED)) as archive:
            return _from_files(archive, label, wanted)
    except DamagedArchive as error:
        raise DataError(f"{label} {error}.", "Give a zip of the pictures of a clip.") from error


def _from_files(archive: Archive, label: str, wanted: int) -> Clip:
    files = sorted((each for each in archive.names if is_picture(PurePosixPath(each).name)), key=natural_order)
    if not files:
        raise DataError(f"{label} holds no picture.", f"Pictures end in {', '.join(ENDINGS)}.")
    places = [files[place] for place in dict.fromkeys(evenly(len(files), wanted))]
    contents = {each: archive.read(each, PICTURE_BYTES) for each in places}
    total = sum(_pixels_of(each) for each in contents.values())
    if total > MOST_PIXELS:
        message = f"{label}: {len(places)} frames have {total / 1e6:.0f} megapixels; {WITHIN} are read of a clip."
        raise DataError(message, "Make the pictures smaller.")
    frames = {each: small(read_picture(content, each).pixels) for each, content in contents.items()}
    return Clip(stacked(frames))


def _pixels_of(content: bytes) -> int:
    """As its header says; 0 where it cannot be read, which is told when it is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as where it is decoded
            with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as opened:
                return opened.width * opened.height
    except Exception:  # pillow raises OSError, ValueError, SyntaxError and more for broken files
        return 0


def small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame with `FRAME_SIDE` pixels at most a side."""
    if max(pixels.shape[:2]) <= FRAME_SIDE:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.uint8)


def stacked(frames: dict[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Frames by their names as `[T, H, W]`, or in colour where one is. Raises DataError where their sizes differ."""
    first, *others = frames
    for each in others:
        if frames[each].shape[:2] != frames[first].shape[:2]:
            one, two = (shown_name(which, "a frame") for which in (first, each))
            raise DataError(f"{one} and {two} of one clip differ in size.", HINT)
    in_colour = any(each.ndim == 3 for each in frames.values())
    planes = [np.repeat(each[..., None], 3, 2) if in_colour and each.ndim == 2 else each for each in frames.values()]
    return np.stack(planes)


def from_moving(content: bytes, name: str, wanted: int) -> Clip | None:
    """Frames of an animated GIF, WebP or PNG, or of a TIFF of several; None for a picture that stands still.

    Raises DataError for one that is damaged or too large.
    """
    if not content.startswith(MOVING):
        return None
    label = shown_name(name, "The picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a file says wrong of itself is not for the log of whoever hosts this
            with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as opened:
                times = _times(opened, label)
                if len(times) < 2:
                    return None
                places = list(dict.fromkeys(evenly(len(times), wanted)))
                frames = {f"frame {place + 1}": small(_frame(opened, place)) for place in places}
    except DataError:
        raise
    except Exception as error:  # pillow raises OSError, ValueError, SyntaxError and more for broken files
        raise DataError(f"{label} is not a picture that can be read, or it is damaged.", HINT) from error
    seconds = tuple(times[place] for place in places) if times[-1] else ()
    return Clip(stacked(frames), seconds)


def _times(opened: Image.Image, label: str) -> list[float]:
    """When each frame begins, in seconds; all 0 where the file does not say. Goes through all frames, within bounds."""
    found, now = [0.0], 0.0
    if not getattr(opened, "is_animated", False):
        return found
    size, count = opened.width * opened.height, int(getattr(opened, "n_frames", 1))
    most = min(MOST_MOVING, MOST_PIXELS // max(2 * size, 1))
    if size > PICTURE_PIXELS or count > most:
        message = f"{label} has {opened.width:,} × {opened.height:,} pixels in too many frames to be decoded."
        raise DataError(message, f"{MOST_MOVING:,} frames and {WITHIN} in all are the limit: make it smaller.")
    for place in range(1, count):
        opened.load()
        now += float(opened.info.get("duration") or 0) / 1000
        found.append(now)
        opened.seek(place)
        if opened.width * opened.height != size:  # of a TIFF, whose pictures have nothing to do with each other
            raise DataError(f"{label} holds pictures that differ in size.", HINT)
    return found


def _frame(opened: Image.Image, place: int) -> NDArray[np.uint8]:
    """One frame in colour, or in grey where the file has none; what is transparent is white."""
    opened.seek(place)
    if opened.has_transparency_data:
        paper = Image.new("RGBA", opened.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(paper, opened.convert("RGBA")).convert("RGB"), dtype=np.uint8)
    return np.asarray(opened.convert("L" if opened.mode in ("1", "L") else "RGB"), dtype=np.uint8)
