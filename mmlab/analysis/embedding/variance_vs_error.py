"""Whether a model with a wide embedding is also wrong there: variance against error and hardness, by sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.analysis.base.ranking import spearman
from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import DataError
from mmlab.core.results import Sweep

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


@dataclass(frozen=True)
class ByCombination:
    """The combinations that some sample has, by key: their mean variance and score, `[K]`, and how the two go together.

    correlation: Spearman's.
    """

    combinations: tuple[str, ...]
    variance: Table
    score: Table
    correlation: float


def by_combination(found: Sweep, good: ArrayLike) -> ByCombination:
    """Mean variance against `good`, how good each answer is, `[K, N]`. Raises DataError without variance."""
    variance, scores = _variance(found), np.asarray(good, np.float64)
    kept = np.asarray(valid(found).any(1), bool)
    width, score = (np.nanmean(table[kept], 1) for table in (variance, scores))
    keys = tuple(key for key, some in zip(found.combinations, kept, strict=True) if some)
    return ByCombination(keys, width, score, spearman(width, score))


def by_sample(found: Sweep) -> Table:
    """The variance of each sample over the combinations that it has, `[N]`. Raises DataError without variance."""
    return over_combinations(_variance(found))


def hardness(others: Sequence[ArrayLike]) -> Table | None:
    """How well other models do on each sample on average, `[N]`, from tables `[K, N]`; None where there is none."""
    each = [over_combinations(table) for table in others]
    return np.mean(each, 0) if each else None


def over_combinations(table: ArrayLike) -> Table:
    """The mean of a table `[K, N]` over the combinations that a sample has, `[N]`."""
    mean: Table = np.nanmean(np.asarray(table, np.float64), 0)
    return mean


def _variance(found: Sweep) -> Table:
    """`[K, N]`, NaN where a sample lacks an input of the combination."""
    if found.variance is None:
        raise DataError("This model gives no variance.", "Only a probabilistic one does.")
    table: Table = np.where(valid(found), found.variance.mean(2), np.nan)
    return table
