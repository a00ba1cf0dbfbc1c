"""Optical flow to model input: the central square at one size, or all of it fitted into a square."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmlab.core.folder_input import not_of
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Flow, Raw
from mmlab.modalities.flow.vectors import STILL, shares_of
from mmlab.modalities.image.folder_input import fitted
from mmlab.modalities.image.scene_crop import middle_square, smaller
from mmlab.modalities.reading import reading


def prepare_flow(raw: Raw, side: int) -> PreparedInput:
    """`[2, side, side]` in [-1, 1]. Raises DataError for anything else."""
    flow = _flow(raw)
    square, notes = middle_square(flow.pixels, side)
    return _as_reading(smaller(square, side), flow, notes)


def prepare_fitted_flow(raw: Raw, side: int) -> PreparedInput:
    """The same of the whole frame: nothing moves beside it."""
    flow = _flow(raw)
    height, width = flow.pixels.shape[:2]
    scale = side / max(height, width)
    inside = fitted(np.full((height, width), 255, np.uint8), side) > 0
    square = np.where(inside[..., None], fitted(flow.pixels, side), np.uint8(STILL))
    notes = (
        [] if scale == 1 and height == width else [f"Fitted flow of {width} × {height} pixels into {side} × {side}."]
    )
    return _as_reading(square, flow, notes)


def _flow(raw: Raw) -> Flow:
    if not isinstance(raw, Flow):
        raise not_of("optical flow")
    return raw


def _as_reading(pixels: NDArray[np.uint8], flow: Flow, notes: Sequence[str]) -> PreparedInput:
    return reading(shares_of(pixels), [*([flow.note] if flow.note else []), *notes])
