"""Which pixels (or voxels) of a label map are labelled: the others are neither trained on nor counted.

A target `[B, R, ...]` is bool where every pixel is labelled. Where some may not be, it is int8: 1 in a region, 0 beside
it, and below 0, in every region alike, where nobody knows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

UNLABELLED = -1


def spatial_dims(maps: Tensor) -> tuple[int, ...]:
    """The spatial dimensions of maps `[B, C, ...]`: two for pictures, three for whole scans."""
    return tuple(range(2, maps.dim()))


def region_mask(target: Tensor) -> Tensor:
    """Where each region is known to be, bool `[B, R, ...]`."""
    return target if target.dtype == torch.bool else target > 0


def labelled_mask(target: Tensor) -> Tensor | None:
    """Where the truth is known, bool `[B, 1, ...]`; None where it is known everywhere."""
    return None if target.dtype == torch.bool else target[:, :1] >= 0


def zero_unlabelled(values: Tensor, known: Tensor | None) -> Tensor:
    """`values` with zeros, or False, where nothing is known: replaced rather than multiplied, so that no gradient and
    no NaN comes through."""
    return values if known is None else torch.where(known, values, torch.zeros((), dtype=values.dtype).to(values))


def region_flags(regions: NDArray[Any]) -> NDArray[np.bool_]:
    """`region_mask` of one sample as an array `[R, ...]`."""
    return np.asarray(regions > 0)


def labelled_flags(regions: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the truth of one sample `[R, ...]` is known, `[...]`."""
    return np.asarray(regions[0] >= 0)
