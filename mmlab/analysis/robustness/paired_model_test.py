"""Two models on the same samples: the difference of each combination, how sure it is, and who wins which sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.array_checks import Flags, Numbers
from mmlab.analysis.base.statistics import discordant, holm, mcnemar
from mmlab.analysis.robustness.per_sample_scores import PerSampleScores, percentiles, resamples
from mmlab.core.errors import DataError


@dataclass(frozen=True)
class Duel:
    """The first model less the second, by bit mask.

    difference: `[2**M]`; interval: 95 %, `[2**M, 2]`, both resampled together; p: exact McNemar of right answers,
    corrected by Holm over the combinations; won, lost: bool `[2**M, N]`: only the first, only the second is right.
    ids: of the samples that both answered.
    """

    difference: Numbers
    interval: Numbers
    p: Numbers
    won: Flags
    lost: Flags
    ids: tuple[str, ...]


def duel(first: PerSampleScores, second: PerSampleScores, measure: str) -> Duel:
    """Compare two models on their common samples. Raises DataError where inputs or samples differ.

    Sources: Efron 1979 (percentile bootstrap of pairs); McNemar 1947, exact; Holm 1979.
    """
    if first.lattice.keys != second.lattice.keys:
        raise DataError("The two models take different inputs.", "Compare two models of one task.")
    if first.ids != second.ids:
        raise DataError("The two models were measured on different samples.", "Measure both again on the same ones.")
    one, other = first.measures[measure], second.measures[measure]
    counts = resamples(one.samples)
    interval = percentiles(one.of(counts) - other.of(counts))
    masks = range(1, len(first.right))
    raw = [mcnemar(*discordant(first.right[mask], second.right[mask])) for mask in masks]
    p = np.concatenate([[np.nan], holm(raw)])
    won, lost = first.right & ~second.right, second.right & ~first.right
    return Duel(one.scores - other.scores, interval, p, won, lost, first.ids)
