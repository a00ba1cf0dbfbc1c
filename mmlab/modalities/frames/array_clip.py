"""Clips as arrays of numbers, `.npy`."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmlab.core.errors import DataError
from mmlab.core.recordings import Clip
from mmlab.modalities.files import shown_name
from mmlab.modalities.frames.pictures import FRAME_SIDE, small
from mmlab.modalities.frames.sampling import evenly
from mmlab.modalities.npy_array import check_finite, loaded, sides

ARRAY_BYTES = 64_000_000
SIDE = 4 * FRAME_SIDE
HINT = "Save it with numpy.save as [frames, height, width] or [frames, height, width, 3], bytes or numbers in [0, 1]."


def from_array(content: bytes, name: str, wanted: int) -> Clip:
    """Frames of a .npy file: bytes, or numbers with a point of which 0 is black and 1 is white. Raises DataError."""
    label = shown_name(name, "The array")
    values = loaded(content, label, ARRAY_BYTES, HINT, partial(_check, label))
    chosen = values[list(dict.fromkeys(evenly(len(values), wanted)))]
    if chosen.dtype.kind == "f":
        check_finite(chosen, label)
        chosen = np.round(np.clip(chosen.astype(np.float32), 0, 1) * 255)
    return Clip(np.stack([small(np.ascontiguousarray(frame, np.uint8)) for frame in chosen]))


def _check(label: str, shape: tuple[int, ...], form: np.dtype) -> None:
    """Whether it is a clip, before it is read."""
    plain = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
    if not plain or not (form == np.uint8 or form.kind == "f") or not all(side > 0 for side in shape):
        raise DataError(f"{label} has {sides(shape)} of {form.name}, which is no clip.", HINT)
    if not 2 <= min(shape[1:3]) <= max(shape[1:3]) <= SIDE:
        raise DataError(f"{label} has frames of {shape[2]:,} × {shape[1]:,} pixels.", f"A side has 2 to {SIDE:,}.")
