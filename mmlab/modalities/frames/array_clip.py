"""Clips as arrays of numbers, `.npy`."""

from __future__ import annotations

import io

import numpy as np

from mmlab.core.errors import DataError
from mmlab.core.recordings import Clip
from mmlab.modalities.files import check_bytes, shown_name
from mmlab.modalities.frames.pictures import FRAME_SIDE, small
from mmlab.modalities.frames.sampling import evenly
from mmlab.modalities.npy_header import npy_header

ARRAY_BYTES = 64_000_000
SIDE = 4 * FRAME_SIDE
HINT = "Save it with numpy.save as [frames, height, width] or [frames, height, width, 3], bytes or numbers in [0, 1]."


def from_array(content: bytes, name: str, wanted: int) -> Clip:
    """Frames of a .npy file: bytes, or numbers with a point of which 0 is black and 1 is white. Raises DataError."""
    label = shown_name(name, "The array")
    check_bytes(content, label, ARRAY_BYTES, HINT)
    try:
        shape, _, form = npy_header(io.BytesIO(content))
        _check(shape, form, label)
        values = np.load(io.BytesIO(content), allow_pickle=False)
    except DataError:
        raise
    except Exception as error:  # NumPy raises ValueError, EOFError, tokenize errors and more
        raise DataError(f"{label} is no .npy file that can be read.", HINT) from error
    chosen = values[list(dict.fromkeys(evenly(len(values), wanted)))]
    if chosen.dtype.kind == "f":
        if not np.isfinite(chosen).all():
            raise DataError(f"{label} has values that are not finite numbers.", "Fill or remove them.")
        chosen = np.round(np.clip(chosen.astype(np.float32), 0, 1) * 255)
    return Clip(np.stack([small(np.ascontiguousarray(frame, np.uint8)) for frame in chosen]))


def _check(shape: tuple[int, ...], form: np.dtype, label: str) -> None:
    """Whether it is a clip, before it is read."""
    plain = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
    if not plain or not (form == np.uint8 or form.kind == "f") or not all(side > 0 for side in shape):
        said = " × ".join(map(str, shape[:8])) or "no axes"
        raise DataError(f"{label} has {said} of {form.name}, which is no clip.", HINT)
    if not 2 <= min(shape[1:3]) <= max(shape[1:3]) <= SIDE:
        raise DataError(f"{label} has frames of {shape[2]:,} × {shape[1]:,} pixels.", f"A side has 2 to {SIDE:,}.")
