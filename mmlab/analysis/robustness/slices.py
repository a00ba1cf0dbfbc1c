"""Scores by slice and combination: which kind of sample loses most when which modality is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Labels, Numbers, same_length
from mmlab.core.errors import DataError


@dataclass(frozen=True)
class Slices:
    """Slices x combinations.

    names: of the slices, sorted; scores: `[G, K]`, NaN where a slice has no sample under a combination;
    counts: samples behind each score, `[G, K]`; overall: `[K]`, over all samples.
    """

    names: tuple[str, ...]
    scores: Numbers
    counts: Labels
    overall: Numbers


@dataclass(frozen=True)
class WorstSlice:
    """The slice that is farthest on the bad side of its combination's overall score.

    combination: row of the values that were given; gap: score less overall; count: samples behind the score.
    """

    name: str
    combination: int
    score: float
    gap: float
    count: int


def slice_scores(values: ArrayLike, slices: Sequence[str]) -> Slices:
    """The mean of a value per sample, `[K, N]`, in each slice; `slices` names one per sample.

    A NaN is a sample that lacks the combination and does not count. Raises ValueError for other lengths or infinity.
    """
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or not table.size or np.isinf(table).any():
        raise ValueError(f"values must be finite or NaN, and [K, N], not of the shape {table.shape}.")
    same_length(values=table.T, slices=np.asarray(slices))
    names, of_sample = np.unique(np.asarray(slices, str), return_inverse=True)
    there = ~np.isnan(table)
    belongs = np.eye(len(names))[of_sample]
    counts = (there @ belongs).T
    totals = (np.where(there, table, 0.0) @ belongs).T
    with np.errstate(invalid="ignore"):
        scores, overall = totals / counts, totals.sum(0) / counts.sum(0)
    return Slices(tuple(names.tolist()), scores, counts.astype(np.int64), overall)


def worst_slice(table: Slices, minimum: int = 20, *, higher_is_better: bool = True) -> WorstSlice:
    """The slice of at least `minimum` samples that falls most behind the overall score of its combination.

    Small slices are left out, because the worst of many small ones is mostly chance. Raises DataError where none is
    large enough.
    """
    large = (table.counts >= minimum) & np.isfinite(table.scores)
    if not large.any():
        raise DataError(f"No slice has {minimum} samples.", "Ask for fewer, or for larger slices.")
    gap = table.scores - table.overall
    behind = np.where(large, gap if higher_is_better else -gap, np.inf)
    row, column = divmod(int(behind.argmin()), behind.shape[1])
    score, count = float(table.scores[row, column]), int(table.counts[row, column])
    return WorstSlice(table.names[row], column, score, float(gap[row, column]), count)
