"""Whether a model that draws a wide embedding is also wrong there: variance against error and hardness, by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

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


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """The rank correlation, ties at their mean rank; NaN where either does not vary or there are fewer than three."""
    ranks = np.stack([rankdata(np.asarray(each, np.float64)) for each in (first, second)])
    if ranks.shape[1] < 3 or (ranks.std(1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])
