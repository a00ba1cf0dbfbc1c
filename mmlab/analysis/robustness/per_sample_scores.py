"""A graded sweep: what every kind of output can be asked about each sample under each combination.

The rest of the robustness measures work on this, so that they are written once: whether an answer is right (or good
enough), how large its error is, how much it should be doubted, and the scores over the test set with their intervals.
Everything is by bit mask (`mmlab.analysis.base.coalitions`), over the samples that have every modality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Flags, Labels, Numbers
from mmlab.analysis.base.clusters import Clusters, percentile_interval, share_interval
from mmlab.analysis.base.coalitions import Lattice, sweep_to_coalitions
from mmlab.core.metric import OutputMetric
from mmlab.core.outputs import Output
from mmlab.core.outputs.base import thirds
from mmlab.core.results import Sweep


@dataclass(frozen=True)
class Measure:
    """A metric of every combination over the test set, which can be taken again over any weighting of the samples.

    answers: `[2**M, N, ...]`, what a sweep keeps of them; truth: `[N, ...]`. groups: the person, voice or volume
    that each sample comes from, by which intervals are clustered, and whose samples some metrics take together; None
    where each stands by itself.
    """

    metric: OutputMetric
    answers: NDArray[Any]
    truth: NDArray[Any]
    groups: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Of the metric."""
        return self.metric.name

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better."""
        return self.metric.higher_is_better

    @property
    def is_share(self) -> bool:
        """Whether it is written in percent."""
        return self.metric.is_share

    @property
    def samples(self) -> int:
        """N."""
        return len(self.truth)

    @cached_property
    def clusters(self) -> Clusters:
        """Which samples belong together."""
        return Clusters.of(self.groups) if self.groups is not None else Clusters.singles(self.samples)

    def of(self, counts: Numbers) -> Numbers:
        """The scores `[D, 2**M]` when sample i counts `counts[d, i]` times, for `[D, N]`; NaN where there is none."""
        return np.stack([self.metric.weighted(answers, self.truth, counts, self.groups) for answers in self.answers], 1)

    def mixed(self, masks: Labels) -> float:
        """The score when sample i is answered under combination `masks[i]`."""
        return self.metric.of(self.answers[masks, np.arange(self.samples)], self.truth, self.groups)

    @cached_property
    def per_sample(self) -> Numbers:
        """The value of each sample, `[2**M, N]`, of a metric that is a mean over samples; `[2**M, 0]` of any other."""
        return np.stack([self.metric.per_sample(answers, self.truth) for answers in self.answers])

    @cached_property
    def scores(self) -> Numbers:
        """`[2**M]` over all samples."""
        return self.of(np.ones((1, self.samples)))[0]

    @cached_property
    def intervals(self) -> Numbers:
        """The 95 % interval of each score, `[2**M, 2]`, clustered by group; NaN for fewer than five groups.

        A plain share of samples gets Wilson's, which is not empty at 0 % and 100 %.
        """
        if all(self.metric.is_plain_share(answers, self.truth) for answers in self.answers):
            return np.stack([share_interval(values, self.clusters) for values in self.per_sample])
        return self.resampled()

    def resampled(self) -> Numbers:
        """The interval `[2**M, 2]` from resampled groups; NaN where no resample has a score."""
        if not self.clusters.are_enough:
            return np.full((len(self.answers), 2), np.nan)
        return percentile_interval(self.of(self.clusters.resamples()), self.clusters)

    def at(self, rows: Labels) -> Measure:
        """Over some of the samples."""
        groups = None if self.groups is None else tuple(self.groups[int(row)] for row in np.arange(self.samples)[rows])
        return Measure(self.metric, self.answers[:, rows], self.truth[rows], groups)


@dataclass(frozen=True)
class PerSampleScores:
    """What a sweep says of each sample under each combination.

    lattice:  the answers themselves.
    measures: by name, the headline first.
    right:    bool `[2**M, N]`: right, or good enough; `good` says in words what that means.
    error:    `[2**M, N]`, 0 for a perfect answer; what risk is the mean of.
    doubts:   by name, `[2**M, N]`, larger where the answer should be trusted less.
    slices:   by name, what each sample belongs to.
    """

    lattice: Lattice
    measures: Mapping[str, Measure]
    right: Flags
    good: str
    error: Numbers
    uncertainties: Mapping[str, Numbers]
    slices: Mapping[str, tuple[str, ...]]

    @property
    def ids(self) -> tuple[str, ...]:
        """One per sample."""
        return self.lattice.ids

    @property
    def clusters(self) -> Clusters:
        """Which samples belong together: by them intervals are clustered."""
        return next(iter(self.measures.values())).clusters

    def mask(self, key: str) -> int:
        """The bit mask of a combination's key. Raises ValueError."""
        return self.lattice.keys.index(key)


def grade(found: Sweep, output: Output) -> PerSampleScores:
    """The sweep graded as this kind of answer. Raises DataError where `sweep_to_coalitions` does."""
    rows = found.present.all(1)
    empty = output.empty_answer(found.logits[:, rows], found.target[rows])
    lattice = sweep_to_coalitions(found, empty if empty.size else None)
    answers, truth = lattice.logits, lattice.target
    measures = {
        name: Measure(metric, answers, truth, lattice.groups)
        for name, metric in output.output_metrics.items()
        if metric.is_measured(answers.reshape(-1, *answers.shape[2:]))
    }
    uncertainties = output.uncertainties(answers)
    if found.variance is not None:
        uncertainties["variance"] = _by_mask(found, lattice, found.variance.mean(-1))
    slices = {**output.slices(truth), **_people(lattice.groups)}
    right, error = output.correct(answers, truth), output.error(answers, truth)
    return PerSampleScores(lattice, measures, right, output.good, error, uncertainties, slices)


def hardness(others: list[Flags]) -> tuple[str, ...]:
    """How hard each sample is for other models, from their `right` `[2**M, N]`: thirds, the hardest named first."""
    share = np.mean([table[1:].mean(0) for table in others], 0)
    return thirds(-share, ("easy for other models", "in between", "hard for other models"))


def _by_mask(found: Sweep, by_mask: Lattice, values: NDArray[Any]) -> Numbers:
    """Values `[K, N]` of a sweep in the order of the lattice; nothing present is as doubtful as the worst."""
    rows: Labels = np.flatnonzero(found.present.all(1))
    table = np.empty(by_mask.logits.shape[:2])
    for mask, key in enumerate(by_mask.keys[1:], 1):
        table[mask] = values[found.index(key)][rows]
    table[0] = table[1:].max()
    return table


def _people(groups: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The groups as a slicing, where they are few enough to hold several samples each."""
    return {"group": groups} if 2 <= len(set(groups)) <= len(groups) // 4 else {}
