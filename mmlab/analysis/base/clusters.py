"""How sure a number over samples is, where several samples come from one person, voice or head.

Samples of one group are alike, so that a hundred of them say less than a hundred people do. Everything here draws,
counts and flips whole groups; where each sample is a group of its own, that is what is usually done with samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # scipy.stats takes a second to import

from mmlab.analysis.base.array_checks import Labels, Numbers
from mmlab.core.group_name import several

FEWEST = 5  # groups below which nothing is said of others: their own spread is hardly known
DRAWS, SEED = 1000, 0
LEVEL, INTERVAL = 0.95, "95 % interval"
NORMAL = float(special.ndtri((1 + LEVEL) / 2))


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which samples belong together. of_sample: the number of each sample's group, `[N]`; count: of groups."""

    of_sample: Labels
    count: int

    @classmethod
    def of(cls, groups: Sequence[str]) -> Clusters:
        """From the name of each sample's group."""
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
        """Of some of the samples."""
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
    if groups == samples:
        enough = groups >= FEWEST
        return f"{what} over {several(samples, 'sample')}." if enough else f"No {what}: fewer than {FEWEST} samples."
    if groups >= FEWEST:
        return f"{what}, clustered by {noun}, {several(groups, noun)}."
    return (
        f"No {what}: all test samples come from {several(groups, noun)}, and fewer than {FEWEST} do not show how far "
        f"others differ."
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


def sign_flip_p(differences: NDArray[np.integer], clusters: Clusters) -> float:
    """Exact two-sided p that differences, whole numbers `[N]`, favour neither side: each group's sum keeps its size and
    takes either sign with equal chance. NaN for fewer than five groups.

    Of single samples that are right (1) or wrong (-1) it is McNemar's exact test. Source: Winkler et al., Multi-level
    Block Permutation, NeuroImage 2015 (whole-block sign flipping).
    """
    if not clusters.are_enough:
        return float("nan")
    sizes = np.rint(np.abs(clusters.sums(differences))).astype(np.int64)
    sizes, total = sizes[sizes > 0], int(sizes.sum())
    chance = np.zeros(2 * total + 1)
    chance[total] = 1.0  # of the sum of the groups so far, from -total on
    for size in sizes:
        moved = np.zeros_like(chance)
        moved[size:] += chance[:-size] / 2
        moved[:-size] += chance[size:] / 2
        chance = moved
    sums = np.abs(np.arange(-total, total + 1))
    return float(min(1.0, chance[sums >= abs(int(differences.sum()))].sum()))


def _student(groups: int) -> float:
    return float(special.stdtrit(groups - 1, (1 + LEVEL) / 2))
