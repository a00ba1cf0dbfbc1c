"""Two models on the same samples: the difference for each combination, its uncertainty, and which model is right on
which sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.array_checks import Flags, Numbers
from mmlab.analysis.base.clusters import Clusters, percentile_interval, sign_flip_p
from mmlab.analysis.base.statistics import discordant, holm, mcnemar
from mmlab.analysis.robustness.per_sample_scores import PerSampleScores
from mmlab.core.errors import DataError
from mmlab.core.phrases import phrase


@dataclass(frozen=True)
class PairedModelTest:
    """The first model less the second, by bit mask.

    difference: `[2**M]`; interval: 95 %, `[2**M, 2]`, both resampled together; p: of right answers, corrected by Holm
    over the combinations; won, lost: bool `[2**M, N]`: only the first, only the second is right.
    ids: of the samples that both answered; clusters: which of them belong together. With fewer than five groups
    intervals and p are NaN.
    """

    difference: Numbers
    interval: Numbers
    p: Numbers
    won: Flags
    lost: Flags
    ids: tuple[str, ...]
    clusters: Clusters

    @property
    def test(self) -> str:
        """The test that p is of."""
        return "McNemar" if self.clusters.are_singles else phrase("sign flips of groups")


def paired_model_test(first: PerSampleScores, second: PerSampleScores, measure: str) -> PairedModelTest:
    """Compare two models on their common samples. Raises DataError where inputs or samples differ.

    Whole groups are drawn for the interval and flipped for p, which without groups is McNemar's exact test.
    Sources: `mmlab.analysis.base.clusters`; McNemar 1947; Holm 1979.
    """
    if first.lattice.keys != second.lattice.keys:
        raise DataError("The two models take different inputs.", "Compare two models of one task.")
    if first.ids != second.ids:
        raise DataError("The two models were measured on different samples.", "Measure both again on the same ones.")
    one, other = first.measures[measure], second.measures[measure]
    clusters = one.clusters
    interval = np.full((len(first.right), 2), np.nan)
    if clusters.are_enough:
        counts = clusters.resamples()
        interval = percentile_interval(one.of(counts) - other.of(counts), clusters)
    raw = [_p(ours, theirs, clusters) for ours, theirs in zip(first.right[1:], second.right[1:], strict=True)]
    p = np.concatenate([[np.nan], holm(raw) if clusters.are_enough else raw])
    won, lost = first.right & ~second.right, second.right & ~first.right
    return PairedModelTest(one.scores - other.scores, interval, p, won, lost, first.ids, clusters)


def _p(first: Flags, second: Flags, clusters: Clusters) -> float:
    if clusters.are_singles and clusters.are_enough:
        return mcnemar(*discordant(first, second))
    return sign_flip_p(first.astype(np.int64) - second, clusters)
