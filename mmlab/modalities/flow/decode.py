"""Files of optical flow, safely: `.flo` of the Middlebury benchmark, flow images of two-stream networks, and animated
images, from whose first two frames the flow is estimated.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.errors import DataError
from mmlab.core.recordings import Flow
from mmlab.modalities.files import check_bytes, shown_name
from mmlab.modalities.flow.estimate import estimated_flow
from mmlab.modalities.flow.vectors import as_flow
from mmlab.modalities.image.decode import PICTURE_FORMATS, PICTURE_PIXELS, PICTURE_SIDE, read_picture

FLO = b"PIEH"  # how a .flo file begins: 202021.25 in single precision
FLO_BYTES = 12 + 8 * 2048 * 1024
UNKNOWN = 1e9  # a .flo file says so of pixels whose flow nobody knows
FILM_SIDE = 256  # pixels that frames have at most when their flow is estimated
GREY = 8  # by which red, green and blue differ at least somewhere in a picture of two directions
HINT = (
    "Use a .flo file, or a picture whose red is the motion to the right and whose green the motion down (128: still)."
)


def read_flow(content: bytes, name: str = "") -> Flow:
    """Optical flow from a file, at most 1024 px wide. Raises DataError."""
    if content.startswith(FLO):
        return _from_flo(content, shown_name(name, "The file"))
    try:
        found = read_picture(content, name)
    except DataError as error:
        if not content or not name.lower().endswith(".flo"):
            raise
        label = shown_name(name, "The file")
        raise DataError(f"{label} is not optical flow that can be read, or it is damaged.", HINT) from error
    frames = _first_two(content, shown_name(name, "The picture"))
    if frames:
        note = "The flow was estimated from the first two frames."
        return as_flow(estimated_flow(*frames), note)
    if found.pixels.ndim != 3:
        raise DataError(f"{shown_name(name, 'The picture')} is grey: flow needs two directions.", HINT)
    blue = found.pixels[..., 2]
    notes = [found.note] if found.note else []
    if np.ptp(blue.astype(int)) > GREY:
        notes.append("Red was read as motion to the right and green as motion down; blue, which differs, was not used.")
    return Flow(found.pixels, " ".join(notes))


def _first_two(content: bytes, label: str) -> list[NDArray[np.float32]]:
    """The first two frames, grey in [0, 1], of a picture that moves and whose first can be read; none of any other.

    Raises DataError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as opened:
                if not getattr(opened, "is_animated", False):
                    return []
                frames = []
                for place in range(2):
                    opened.seek(place)
                    if opened.width * opened.height > PICTURE_PIXELS:
                        raise DataError(f"Frame {place + 1} of {label} has too many pixels.", "Make it smaller.")
                    frames.append(opened.convert("L"))
    except DataError:
        raise
    except Exception as error:  # pillow raises OSError, ValueError, SyntaxError and more for broken files
        raise DataError(f"The second frame of {label} cannot be read.", HINT) from error
    if frames[0].size != frames[1].size:
        raise DataError(f"The first two frames of {label} differ in size.", "Give frames of one size.")
    scale = min(1.0, FILM_SIDE / max(frames[0].size))
    width, height = (max(2, round(side * scale)) for side in frames[0].size)
    small = (frame.resize((width, height), Image.Resampling.BOX) for frame in frames)
    return [np.asarray(frame, np.float32) / np.float32(255) for frame in small]


def _from_flo(content: bytes, label: str) -> Flow:
    check_bytes(content, label, FLO_BYTES, HINT)
    if len(content) < 12:
        raise DataError(f"{label} is cut off.", HINT)
    width, height = struct.unpack("<ii", content[4:12])
    if min(width, height) < 2 or max(width, height) > 2**15 or len(content) != 12 + 8 * width * height:
        raise DataError(f"{label} says it holds {width} × {height} pixels, which does not fit its size.", HINT)
    values = np.frombuffer(content, "<f4", offset=12).reshape(height, width, 2)
    known = np.isfinite(values).all(-1) & (np.abs(np.nan_to_num(values)) < UNKNOWN).all(-1)
    vectors = np.where(known[..., None], values, 0).transpose(2, 0, 1)
    lost = 1 - float(known.mean())
    note = f"The flow of {lost:.0%} of its pixels is not known; they were taken as still." if lost else ""
    return as_flow(_bounded(vectors), note)


def _bounded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Flow of a frame that is at most 1024 pixels wide and high: fewer pixels go so many fewer pixels far."""
    scale = PICTURE_SIDE / max(vectors.shape[1:])
    if scale >= 1:
        return vectors
    size = tuple(max(2, round(side * scale)) for side in vectors.shape[:0:-1])
    planes = [np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX)) for plane in vectors]
    return np.stack(planes) * np.float32(scale)


def encode_flo(vectors: NDArray[Any]) -> bytes:
    """Vectors `[2, H, W]` in pixels as a .flo file."""
    height, width = vectors.shape[1:]
    return FLO + struct.pack("<ii", width, height) + vectors.transpose(1, 2, 0).astype("<f4").tobytes()
