"""Does one input dominate? One verdict on a model from the Shapley values of its seeds and from the other measures.

The line is the one that also divides single samples (`contributions.DOMINANT`): an input dominates where it makes three
quarters or more of all that moves the score. The word is M2Lens's (Wang et al., IEEE VIS 2021), the line is ours.

>>> seeds = [shares_of_samples("seed0", values, clusters), shares_of_scores("seed1", scores)]
>>> verdict = judge(seeds, labels, agreement)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite
from mmlab.analysis.base.clusters import SEED, Clusters, percentile_interval
from mmlab.analysis.dominance.agreement import Agreement
from mmlab.analysis.dominance.contributions import DOMINANT, STILL
from mmlab.analysis.dominance.measures.shapley import shapley

YES, NO, CLOSE, SEEDS, MEASURES, NOTHING = KINDS = ("yes", "no", "close", "seeds", "measures", "nothing")
DRAWS, CHUNK = 1000, 2**20


@dataclass(frozen=True, eq=False)
class SeedShares:
    """One run: each input's Shapley value as a part of all that they move, `[M]`, signed, so that sizes add up to 1.

    low, high: the 95 % interval of each part, `[M]`, NaN where there is none. gain: the score with every input less
    that with none. samples: whose answers are kept; 0 where only scores are.
    """

    name: str
    shares: Numbers
    low: Numbers
    high: Numbers
    gain: float
    samples: int = 0

    @property
    def leader(self) -> int:
        """The input with the largest part."""
        return int(self.shares.argmax())

    @property
    def call(self) -> str:
        """The verdict of this run alone: YES, NO, or NOTHING if all inputs together are worth no more than none."""
        if self.gain <= STILL:
            return NOTHING
        return YES if self.shares[self.leader] >= DOMINANT else NO

    @property
    def is_close(self) -> bool:
        """Whether the line lies within the interval of the largest part."""
        low, high = self.low[self.leader], self.high[self.leader]
        return math.isfinite(low) and bool(low < DOMINANT <= high)


@dataclass(frozen=True, eq=False)
class Verdict:
    """The verdict and its evidence.

    kind: YES and NO hold in every seed; CLOSE: the interval holds the line; SEEDS: seeds differ; MEASURES: the Shapley
    value has one input dominate, and most measures that put an input clearly first do not put it there; NOTHING: the
    inputs together are worth nothing. seeds: the runs, the one that is shown first. leader: the input with the largest
    part in that one. dominates: by input in how many runs it does. alike: in how many runs the leader has the largest
    part. against: by input the measures that put it first and not the leader; decided: how many of all `judges` put one
    clearly first. reasons: why measures can differ, in sentences.
    """

    kind: str
    labels: tuple[str, ...]
    seeds: tuple[SeedShares, ...]
    leader: int
    dominates: Mapping[str, int]
    alike: int
    against: Mapping[str, tuple[str, ...]]
    decided: int
    judges: int
    reasons: tuple[str, ...]

    @property
    def shown(self) -> SeedShares:
        """The displayed run."""
        return self.seeds[0]

    @property
    def share(self) -> float:
        """The leader's share in the displayed run."""
        return float(self.shown.shares[self.leader])

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval; NaN where there is none."""
        return float(self.shown.low[self.leader]), float(self.shown.high[self.leader])


def shares_of_samples(name: str, values: ArrayLike, clusters: Clusters) -> SeedShares:
    """A run from what each answer is worth, `[2**M, N]` by bit mask; whole groups of samples are drawn.

    NaN bounds for fewer than five groups. Raises ValueError for NaN or another number of rows.
    """
    table = finite(values, "values", 2)
    each = shapley(table)
    sums = np.stack([clusters.sums(row) for row in each], 1)
    generator, step = np.random.default_rng(SEED), max(1, CHUNK // clusters.count)
    chances = np.full(clusters.count, 1 / clusters.count)
    drawn = np.concatenate(
        [generator.multinomial(clusters.count, chances, min(step, DRAWS - at)) @ sums for at in range(0, DRAWS, step)]
    )
    low, high = percentile_interval(_parts(drawn), clusters).T
    gain = float(table[-1].mean() - table[0].mean())
    return SeedShares(name, _parts(each.mean(1)), low, high, gain, table.shape[1])


def shares_of_scores(name: str, scores: ArrayLike) -> SeedShares:
    """A run of which only the score of each combination is kept, `[2**M]` by bit mask: no interval."""
    table = finite(scores, "scores", 1)
    shares = _parts(shapley(table))
    none = np.full(len(shares), np.nan)
    return SeedShares(name, shares, none, none, float(table[-1] - table[0]))


def _parts(values: Numbers) -> Numbers:
    """Signed values `[..., M]` divided by the sum of their sizes; 0 where nothing moves."""
    whole = np.abs(values).sum(-1, keepdims=True)
    return np.divide(values, whole, out=np.zeros_like(values), where=whole > STILL)


def judge(seeds: Sequence[SeedShares], labels: Sequence[str], agreed: Agreement | None = None) -> Verdict:
    """The verdict on runs, the one that is shown first. agreed: whom the other measures put first, if any were taken.

    Raises ValueError for no run, for fewer than two inputs, and where their numbers differ.
    """
    if not seeds or len(labels) < 2 or any(len(each.shares) != len(labels) for each in seeds):
        raise ValueError("A verdict needs a run, two or more inputs, and a part of each input in each run.")
    leader = seeds[0].leader
    dominates: dict[str, int] = {}
    for each in seeds:
        if each.call == YES:
            dominates[labels[each.leader]] = dominates.get(labels[each.leader], 0) + 1
    leaders = {} if agreed is None else dict(agreed.leaders)
    against = {label: names for label, names in leaders.items() if label != labels[leader]}
    decided = sum(map(len, leaders.values()))
    reasons = () if agreed is None else tuple(dict.fromkeys(dispute.why for dispute in agreed.disputes))
    return Verdict(
        _kind(seeds, decided, len(leaders.get(labels[leader], ()))),
        tuple(labels),
        tuple(seeds),
        leader,
        dominates,
        sum(each.leader == leader for each in seeds),
        against,
        decided,
        0 if agreed is None else agreed.judges,
        reasons if against else (),
    )


def _kind(seeds: Sequence[SeedShares], decided: int, for_leader: int) -> str:
    calls = {(each.call, each.leader if each.call == YES else -1) for each in seeds}
    if len(calls) > 1:
        return SEEDS
    call = seeds[0].call
    if call == YES and decided and 2 * for_leader <= decided:
        return MEASURES
    if call != NOTHING and any(each.is_close for each in seeds):
        return CLOSE
    return call
