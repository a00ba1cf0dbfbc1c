"""Flips for every kind of answer, from whether an answer is right (or good enough)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.checks import Numbers


def negative_flip_shares(right: ArrayLike) -> Numbers:
    """Entry [S, T]: the share of samples that are right with S and wrong with T, from bool `[2**M, N]`.

    As `mmlab.analysis.negative_flips`, which starts from classes. Source: Yan et al., CVPR 2021.
    """
    good = np.asarray(right).astype(np.float64)
    return good @ (1 - good).T / good.shape[1]
