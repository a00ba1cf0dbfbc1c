"""Regions of one sample, `[R, H, W]`, or `[R, D, H, W]` of a scan, against the truth or against another answer.

A truth is below 0 where nobody labelled a pixel (`label_masks`): what is found there counts neither way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mmlab.core.outputs import Segmentation
from mmlab.core.outputs.label_masks import labelled_flags, region_flags
from mmlab.core.outputs.segmentation import FOUND, KEPT, SHARED, THERE, dice_of

Flags = NDArray[np.bool_]
Truth = NDArray[np.bool_ | np.int8]
Numbers = NDArray[np.float64]


def dice(found: Flags, truth: Truth) -> Numbers:
    """The Dice score of each region, `[R]`; 1 where it is neither there nor found."""
    return dice_of(_kept(found, truth))


def overlap(output: Segmentation, found: Flags, truth: Truth) -> float:
    """How well all regions overlap, as the output measures one sample."""
    return float(output.overlap(_kept(found, truth)))


def by_region(output: Segmentation, found: Flags, truth: Truth) -> Numbers:
    """That of each region, `[R]`; NaN where it is neither there nor found, since nothing can overlap."""
    return output.region_overlap(_kept(found, truth))


def _kept(found: Flags, truth: Truth) -> Numbers:
    kept = np.zeros((len(found), KEPT))
    there, counted = region_flags(truth), found & labelled_flags(truth)
    for column, part in ((SHARED, counted & there), (FOUND, counted), (THERE, there)):
        kept[:, column] = part.reshape(len(part), -1).sum(1)
    return kept


def difference(found: Flags, truth: Truth) -> NDArray[np.int64]:
    """Per pixel, how many (nested) regions too many (above 0) or too few (below 0) were found: `[...]`."""
    off = found.sum(0, dtype=np.int64) - region_flags(truth).sum(0, dtype=np.int64)
    return np.where(labelled_flags(truth), off, 0)


def uncertainty(probability: NDArray[Any]) -> Numbers:
    """Per pixel, the mean entropy of yes or no over the regions, as a share of the most there can be: `[...]`."""
    chance = probability.astype(np.float64)
    return np.asarray((entr(chance) + entr(1 - chance)).mean(0) / np.log(2))


def share_of_head(region: Flags, head: Flags) -> float:
    """The part of the head in a slice, or a scan, that a region takes."""
    return float((region & head).sum() / max(int(head.sum()), 1))
