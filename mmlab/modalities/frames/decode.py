"""Files of clips, safely, to some of their frames; and back."""

from __future__ import annotations

import io
from itertools import pairwise

from PIL import Image, UnidentifiedImageError

from mmlab.core.errors import DataError
from mmlab.core.recordings import Clip, Picture
from mmlab.modalities.containers import container_of
from mmlab.modalities.files import check_bytes, shown_name
from mmlab.modalities.frames.array_clip import from_array
from mmlab.modalities.frames.pictures import from_archive, from_moving, is_picture, packed, small
from mmlab.modalities.frames.video import from_video
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.modalities.npy_header import NUMPY

CLIP_BYTES = 64_000_000
FRAMES, MOST_FRAMES = 8, 32
STEP = 0.25  # seconds between frames of which it is not known
ZIP = (b"PK\3\4", b"PK\5\6")  # the latter of an empty one
HINT = "Give a video, an animated GIF or WebP, or a zip of pictures."


def read_clip(content: bytes, name: str = "", wanted: int = FRAMES) -> Clip:
    """Up to `wanted` frames at even distances, of at most 256 pixels a side.

    From a video (with PyAV), a zip of pictures, a picture that moves, an array, or one picture, which is a clip of one
    frame. Raises DataError.
    """
    label = shown_name(name, "The clip")
    check_bytes(content, label, CLIP_BYTES, HINT)
    if content.startswith(ZIP):
        return from_archive(content, name, wanted)
    if content.startswith(NUMPY):
        return from_array(content, name, wanted)
    if container_of(content):
        return from_video(content, name, wanted)
    found = from_moving(content, name, wanted)
    if found is not None:
        return found
    try:
        still = read_picture(content, name)
    except DataError as error:
        if is_picture(name) or not isinstance(error.__cause__, UnidentifiedImageError):
            raise
        raise DataError(f"{label} is not a clip that can be read, or it is damaged.", HINT) from error
    return Clip(small(still.pixels)[None])


def encode_moving(clip: Clip) -> bytes:
    """An animated GIF of up to 256 colours a frame; where frames have no times, several a second."""
    first, *others = map(Image.fromarray, clip.pixels)
    steps = [later - earlier for earlier, later in pairwise(clip.seconds)] or [STEP]
    target = io.BytesIO()
    pace = max(20, round(1000 * sum(steps) / len(steps)))
    first.save(target, "GIF", save_all=True, append_images=others, duration=pace, loop=0)
    return target.getvalue()


def encode_clip(clip: Clip) -> bytes:
    """A zip with a PNG per frame, of exactly these pixels."""
    return packed({f"{place + 1}.png": encode_picture(Picture(frame)) for place, frame in enumerate(clip.pixels)})
