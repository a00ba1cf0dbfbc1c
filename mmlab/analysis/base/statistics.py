"""Statistics of differences: paired bootstrap, exact McNemar, Holm's correction, agreement of rankings, split halves.

Differences between seeds are few and get Student's t (`mmlab.analysis.methods.seed_comparison.interval`); differences
between samples are many and get the bootstrap, of whole groups where samples have any (`mmlab.analysis.base.clusters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Flags, Numbers, finite, same_length
from mmlab.analysis.base.clusters import Clusters, percentile_interval

CHUNK = 2**20  # drawn values held at a time


def paired_bootstrap(
    differences: ArrayLike, draws: int = 2000, seed: int = 0, groups: Sequence[str] = ()
) -> tuple[float, float, float]:
    """Mean and 95 % interval of per-sample differences `[N]`: (mean, low, high), whole groups drawn.

    groups: who or what each sample comes from; without them samples count as independent, and where several come from
    one person the interval is too narrow. NaN bounds for fewer than five groups. Raises ValueError for NaN, no samples,
    no draws or another number of groups. Sources: Efron, Bootstrap Methods, 1979, and `mmlab.analysis.base.clusters`.
    """
    array = finite(differences, "differences", 1)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}.")
    clusters = Clusters.of(groups) if len(groups) else Clusters.singles(len(array))
    same_length(differences=array, groups=clusters.of_sample)
    generator = np.random.default_rng(seed)
    sums, sizes = clusters.sums(array), clusters.sums(np.ones(len(array)))
    step = max(1, CHUNK // clusters.count)
    means = np.concatenate(
        [
            sums[drawn].sum(1) / sizes[drawn].sum(1)
            for start in range(0, draws, step)
            for drawn in [generator.integers(0, clusters.count, (min(step, draws - start), clusters.count))]
        ]
    )
    low, high = percentile_interval(means[:, None], clusters)[0]
    return float(array.mean()), float(low), float(high)


def mcnemar(b: int, c: int) -> float:
    """Exact two-sided p that two models are right equally often, from the samples where only one of them is.

    b: only the first is right; c: only the second. 1.0 where both are 0. Raises ValueError for negative counts.
    Source: McNemar, 1947, in its exact binomial form.
    """
    from scipy.stats import binomtest

    if b < 0 or c < 0:
        raise ValueError(f"Counts cannot be negative: {b} and {c}.")
    return 1.0 if b + c == 0 else float(binomtest(int(b), int(b + c), 0.5).pvalue)


def discordant(first: ArrayLike, second: ArrayLike) -> tuple[int, int]:
    """How often only the first and only the second of two models is right, from bool `[N]` each: for `mcnemar`."""
    one, other = np.asarray(first), np.asarray(second)
    if one.dtype != bool or other.dtype != bool or one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"Two bool arrays [N] of one length are needed, not {one.shape} and {other.shape}.")
    return int((one & ~other).sum()), int((other & ~one).sum())


def holm(p: ArrayLike) -> Numbers:
    """p-values `[K]` corrected for having made K tests, in the same order; at most 1.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.
    """
    values = finite(p, "p", 1)
    if values.min() < 0 or values.max() > 1:
        raise ValueError("p-values must lie between 0 and 1.")
    order = np.argsort(values, kind="stable")
    corrected = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)).clip(max=1)
    result = np.empty_like(corrected)
    result[order] = corrected
    return result


def kendall_w(scores: ArrayLike) -> float:
    """How far judges rank the same items alike, from 0 (no agreement) to 1 (the same ranking): `[J, I]` scores.

    Each row is ranked here, ties with their mean rank, and the result is corrected for them. Raises ValueError for
    fewer than two judges or items, or where every judge ties all items. Source: Kendall & Babington Smith, 1939.
    """
    ranks, largest = _ranked(scores)
    return float(_spread(ranks) / largest)


def _ranked(scores: ArrayLike) -> tuple[Numbers, float]:
    """The ranks `[J, I]` that each judge gives, ties at their mean, and the largest `_spread` with these ties."""
    from scipy.stats import rankdata

    table = finite(scores, "scores", 2)
    judges, items = table.shape
    if judges < 2 or items < 2:
        raise ValueError(f"At least two judges and two items are needed, not {judges} and {items}.")
    ties = sum(float((counts**3 - counts).sum()) for counts in (np.unique(row, return_counts=True)[1] for row in table))
    largest = (judges**2 * (items**3 - items) - judges * ties) / 12
    if largest == 0:
        raise ValueError("Every judge ties all items, so there is no ranking to agree on.")
    return np.asarray(rankdata(table, axis=1)), largest


def _spread(ranks: Numbers) -> Numbers:
    """How far the sums of ranks `[..., J, I]` are from equal, `[...]`."""
    sums = ranks.sum(-2)
    return np.asarray(np.square(sums - sums.mean(-1, keepdims=True)).sum(-1))


@dataclass(frozen=True)
class RankingChance:
    """What Kendall's W would be if every judge ranked at random: its mean, and p, how often it is as large as here."""

    mean: float
    p: float


def kendall_w_by_chance(scores: ArrayLike, draws: int = 2000, seed: int = 0) -> RankingChance:
    """The null of `kendall_w` for `[J, I]` scores: each judge's scores dealt out at random, ties kept.

    Its mean is about one over the number of judges, so that few judges seem to agree. p counts the judges as
    independent. Raises ValueError as `kendall_w` does, or for no draws.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}.")
    ranks, largest = _ranked(scores)
    generator = np.random.default_rng(seed)
    dealt = _spread(generator.permuted(np.broadcast_to(ranks, (draws, *ranks.shape)), axis=2))
    as_large = int((dealt >= _spread(ranks) * (1 - 1e-9)).sum())
    return RankingChance(float(dealt.mean() / largest), (as_large + 1) / (draws + 1))


def halves(groups: Sequence[str], seed: int = 0) -> Flags:
    """A random half of the samples, bool `[N]`: True to fit something on, False to measure it on.

    Samples of one group (a speaker, a person) stay on one side. Raises ValueError for fewer than two groups.
    """
    names, of_sample, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise ValueError("Samples of at least two groups are needed to split them in halves.")
    order = np.random.default_rng(seed).permutation(len(names))
    reached = np.cumsum(counts[order])
    last = int(np.abs(reached[:-1] - len(of_sample) / 2).argmin())
    return np.isin(of_sample, order[: last + 1])


@dataclass(frozen=True)
class Distribution:
    """A histogram: the share of the values in each bin `[B]`, the middle of each bin `[B]`, and the median; NaN for
    no value at all."""

    shares: Numbers
    centres: Numbers
    median: float


def distribution(values: ArrayLike, low: float, high: float, bins: int) -> Distribution:
    """How the finite values lie between low and high; those beyond count in the outer bins."""
    every = np.asarray(values, np.float64)
    real = np.clip(every[np.isfinite(every)], low, high)
    counts, edges = np.histogram(real, bins, (low, high))
    shares = counts / max(int(counts.sum()), 1)
    return Distribution(shares, (edges[:-1] + edges[1:]) / 2, float(np.median(real)) if len(real) else float("nan"))
