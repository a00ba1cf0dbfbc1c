"""Uncertainty of a statistic over samples when several samples come from one person, voice or head (clustered).

Samples of one group are alike, so that a hundred of them say less than a hundred people do. Everything here draws,
counts and flips whole groups; where each sample is a group of its own, that is what is usually done with samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # scipy.stats takes a second to import

from mmlab.analysis.base.array_checks import Labels, Numbers
from mmlab.core.group_name import several
from mmlab.core.phrases import phrase, say

FEWEST = 5  # groups below which nothing is said of others: their own spread is hardly known
DRAWS, SEED = 1000, 0
MOST_FLIPPED, FLIPS = 14, 20_000  # groups whose signs are all tried; draws for more
LEVEL, INTERVAL = 0.95, phrase("95 % interval")
NORMAL = float(special.ndtri((1 + LEVEL) / 2))


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which samples belong together. of_sample: the number of each sample's group, `[N]`; count: of groups."""

    of_sample: Labels
    count: int

    @classmethod
    def of(cls, groups: Sequence[str]) -> Clusters:
        """Clusters from the name of each sample's group."""
        names, numbers = np.unique(np.asarray(groups, str), return_inverse=True)
        return cls(numbers.astype(np.int64), len(names))

    @classmethod
    def singles(cls, samples: int) -> Clusters:
        """Each sample is a group of its own."""
        return cls(np.arange(samples), samples)

    @property
    def are_singles(self) -> bool:
        """Whether samples are independent: each is a group of its own."""
        return self.count == len(self.of_sample)

    @property
    def are_enough(self) -> bool:
        """Whether there are groups enough for an interval or a test."""
        return self.count >= FEWEST

    def at(self, rows: ArrayLike) -> Clusters:
        """The clusters of some of the samples."""
        names, numbers = np.unique(self.of_sample[np.asarray(rows)], return_inverse=True)
        return Clusters(numbers.astype(np.int64), len(names))

    def sums(self, values: NDArray[np.number]) -> Numbers:
        """The sum of the values `[N]` in each group, `[G]`."""
        return np.bincount(self.of_sample, values, self.count).astype(np.float64)

    def resamples(self, draws: int = DRAWS, seed: int = SEED) -> Numbers:
        """How often each sample is drawn, `[D, N]`, when as many groups as there are are drawn with replacement.

        Source: Davison & Hinkley, Bootstrap Methods and Their Application, 1997, 3.8 (whole groups).
        """
        generator = np.random.default_rng(seed)
        drawn = generator.multinomial(self.count, np.full(self.count, 1 / self.count), draws)
        return drawn[:, self.of_sample].astype(np.float64)

    def in_words(self, noun: str, what: str = INTERVAL) -> str:
        """What an interval rests on, or why there is none, see `in_words`."""
        return in_words(self.count, len(self.of_sample), noun, what)


def in_words(groups: int, samples: int, noun: str, what: str = INTERVAL) -> str:
    """What an interval rests on, or why there is none: `95 % interval, clustered by person, 14 people.`"""
    what = say(what)
    if groups == samples:
        enough = groups >= FEWEST
        if not enough:
            return say("No {what}: fewer than {least} samples.", what=what, least=FEWEST)
        return say("{what} over {samples}.", what=what, samples=several(samples, "sample"))
    if groups >= FEWEST:
        return say("{what}, clustered by {noun}, {groups}.", what=what, noun=say(noun), groups=several(groups, noun))
    return say(
        "No {what}: all test samples come from {groups}, and fewer than {least} do not show how far others differ.",
        what=what,
        groups=several(groups, noun),
        least=FEWEST,
    )


def percentile_interval(values: Numbers, clusters: Clusters) -> Numbers:
    """The 95 % interval `[K, 2]` of statistics from their bootstrap draws `[D, K]`; NaN where a column has none, and
    for fewer than five groups.

    Percentiles further out than 2.5 and 97.5, by as much as Student's t and the lost degree of freedom ask for: with
    few groups the plain ones are too narrow. Source: Hesterberg, What Teachers Should Know About the Bootstrap, 2015
    (expanded percentile interval).
    """
    found = np.full((values.shape[1], 2), np.nan)
    some = ~np.isnan(values).all(0)
    if clusters.are_enough and some.any():
        reach = sqrt(clusters.count / (clusters.count - 1)) * _student(clusters.count)
        tail = 100 * float(special.ndtr(-reach))
        found[some] = np.nanpercentile(values[:, some], (tail, 100 - tail), axis=0).T
    return found


def share_interval(values: Numbers, clusters: Clusters) -> Numbers:
    """The 95 % interval `[2]` of the mean of values `[N]` that are 0 or 1; those that are NaN do not count.

    Wilson's, not empty at 0 % and 100 %. In groups, with as many samples as independent ones would be that vary as much
    as the groups do (cluster-robust variance), and Student's t; where nothing varies, each group counts as one. NaN for
    fewer than five groups. Sources: Wilson, 1927; Dean & Pagano, Evaluating Confidence Interval Methods for Binomial
    Proportions in Clustered Surveys, 2015.
    """
    there = np.isfinite(values)
    kept = clusters.at(np.flatnonzero(there))
    if not kept.are_enough:
        return np.full(2, np.nan)
    hits = values[there]
    share = float(hits.mean())
    if kept.are_singles:
        return wilson(np.array(share), len(hits))
    variance = float(np.square(kept.sums(hits - share)).sum()) * kept.count / (kept.count - 1) / len(hits) ** 2
    effective = share * (1 - share) / variance if variance > 0 else kept.count
    return wilson(np.array(share), min(effective, len(hits)), _student(kept.count))


def wilson(share: Numbers, count: float, reach: float = NORMAL) -> Numbers:
    """The interval of shares of `count` samples, `[..., 2]`, `reach` standard errors wide. Source: Wilson, 1927."""
    middle = (share + reach**2 / (2 * count)) / (1 + reach**2 / count)
    half = reach * np.sqrt(share * (1 - share) / count + reach**2 / (4 * count**2)) / (1 + reach**2 / count)
    return np.stack([np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)], -1)


def sign_flip_p(differences: NDArray[Any], clusters: Clusters) -> float:
    """Two-sided p that differences `[N]` favour neither side: each group's sum keeps its size and takes either sign
    with equal chance. NaN for fewer than five groups.

    Exact for whole numbers, and for up to 14 groups; otherwise from 20,000 draws. Of single samples that only the first
    (1) or only the second (-1) gets right it is McNemar's exact test. Source: Winkler et al., Multi-level
    Block Permutation, NeuroImage 2015 (whole-block sign flipping).
    """
    if not clusters.are_enough:
        return float("nan")
    sums = clusters.sums(differences)
    if differences.dtype.kind not in "iub":
        return _drawn_p(sums)
    sizes = np.rint(np.abs(sums)).astype(np.int64)
    sizes, total = sizes[sizes > 0], int(sizes.sum())
    chance = np.zeros(2 * total + 1)
    chance[total] = 1.0  # of the sum of the groups so far, from -total on
    for size in sizes:
        moved = np.zeros_like(chance)
        moved[size:] += chance[:-size] / 2
        moved[:-size] += chance[size:] / 2
        chance = moved
    reached = np.abs(np.arange(-total, total + 1))
    return float(min(1.0, chance[reached >= abs(int(differences.sum()))].sum()))


def _drawn_p(sums: Numbers) -> float:
    """The same for sums of groups `[G]` that are no whole numbers."""
    count = len(sums)
    if count <= MOST_FLIPPED:
        signs = 1.0 - 2.0 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
    else:
        drawn = np.random.default_rng(SEED).integers(0, 2, (FLIPS, count))
        signs = np.concatenate([np.ones((1, count)), 1.0 - 2.0 * drawn])  # what was seen is one of the draws
    reached = np.abs(signs @ sums)
    return float((reached >= abs(sums.sum()) - 1e-12 * np.abs(sums).sum()).mean())


def _student(groups: int) -> float:
    return float(special.stdtrit(groups - 1, (1 + LEVEL) / 2))
