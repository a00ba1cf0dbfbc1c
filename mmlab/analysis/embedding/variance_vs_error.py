"""Whether a model that draws a wide embedding is also wrong there: variance against error and hardness, by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.analysis.base.ranking import spearman

Table = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True)
class Trend:
    """A number against a share, over samples sorted by the number and cut into equally large bins.

    values, shares, counts: means of each bin `[B]` and how many samples it has; correlation: Spearman's.
    """

    values: Table
    shares: Table
    counts: NDArray[np.int64]
    correlation: float


def trend(values: ArrayLike, shares: ArrayLike, bins: int = BINS) -> Trend:
    """How `shares` go with `values`, both `[N]`; pairs that are not finite are left out."""
    first, second = np.asarray(values, np.float64).ravel(), np.asarray(shares, np.float64).ravel()
    both = np.isfinite(first) & np.isfinite(second)
    first, second = first[both], second[both]
    parts = [part for part in np.array_split(np.argsort(first, kind="stable"), bins) if len(part)]
    return Trend(
        np.array([first[part].mean() for part in parts]),
        np.array([second[part].mean() for part in parts]),
        np.array([len(part) for part in parts], np.int64),
        spearman(first, second),
    )
