"""Multi-label scores: F1 averaged in four ways, average precision, exact match and Hamming loss.

Sources: Tsoumakas & Katakis, Multi-Label Classification: An Overview (2007); Sorower, A Literature Survey on Algorithms
for Multi-Label Learning (2010); the averages as scikit-learn names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Metric, Numbers, mean_of
from mmlab.core.outputs import Multilabel

KINDS = frozenset({"multilabel"})
MOST_AT_ONCE = 4_000_000  # weights that are sorted at a time


@dataclass(frozen=True)
class Counts:
    """By weighting and label, `[D, L]`: samples in which a label is rightly given, in which it is, and is given."""

    hits: Numbers
    there: Numbers
    given: Numbers


def counted(answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Multilabel) -> Counts:
    """The counts of which every F1 is made."""
    given, there = output.decided(answers), truth.astype(bool)
    return Counts(*(counts @ each.astype(np.float64) for each in (given & there, there, given)))


def _share(part: Numbers, whole: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _each(found: Counts) -> Numbers:
    """The F1 of each label, `[D, L]`; NaN for one that no sample has: it has no recall."""
    return np.where(found.there > 0, _share(2 * found.hits, found.there + found.given), np.nan)


@METRICS.register("f1_macro")
class F1Macro(Metric[Multilabel]):
    """The mean of the labels' F1, all labels alike however rare. A label that no sample has is left out."""

    title = "F1 (macro)"
    about = "the balance of what is found and what is rightly found, averaged over the labels, rare ones like any other"
    kinds = KINDS
    order = 10

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Multilabel, part: str
    ) -> Numbers:
        return mean_of(_each(counted(answers, truth, counts, output)).T)


@METRICS.register("f1_micro")
class F1Micro(Metric[Multilabel]):
    """F1 of all labels of all samples together, so that frequent labels decide."""

    title = "F1 (micro)"
    about = "the same balance over all labels of all samples together: frequent labels decide"
    kinds = KINDS
    order = 11

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Multilabel, part: str
    ) -> Numbers:
        found = counted(answers, truth, counts, output)
        return _share(2 * found.hits.sum(1), (found.there + found.given).sum(1))


@METRICS.register("f1_weighted")
class F1Weighted(Metric[Multilabel]):
    """The mean of the labels' F1, each weighed by how many samples have it."""

    title = "F1 (weighted)"
    about = "the F1 of each label, averaged by how many samples have it"
    kinds = KINDS
    order = 12

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Multilabel, part: str
    ) -> Numbers:
        found = counted(answers, truth, counts, output)
        return _share((np.nan_to_num(_each(found)) * found.there).sum(1), found.there.sum(1))


@METRICS.register("f1_samples")
class F1Samples(MeanMetric[Multilabel]):
    """F1 of each sample's labels, averaged over samples; 1 where a sample has none and is given none."""

    title = "F1 (samples)"
    about = "how well the labels that are given and those that are right overlap in a sample, averaged over samples"
    kinds = KINDS
    order = 13

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Multilabel, part: str) -> Numbers:
        return 1 - output.error(answers, truth)[None]


@METRICS.register("average_precision")
class AveragePrecision(Metric[Multilabel]):
    """The mean of the labels' average precision: precision at each sample that has the label, most probable first.

    Without interpolation, equal probabilities together, as scikit-learn's. A label that no sample has is left out.
    """

    title = "mAP"
    about = "how far ahead the samples of a label stand when all are sorted by its probability, averaged over labels"
    kinds = KINDS
    order = 25

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Multilabel, part: str
    ) -> Numbers:
        size = max(MOST_AT_ONCE // max(len(truth), 1), 1)
        draws = [counts[start : start + size] for start in range(0, len(counts), size)]
        rankings = list(output.rankings(answers, truth))
        return np.concatenate([mean_of([_precision(*ranking, each) for ranking in rankings]) for each in draws])


def _precision(scores: Numbers, of_label: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """Average precision `[D]` for scores `[N]`, which samples have the label, and how often each counts, `[D, N]`."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(-scores[order], prepend=-np.inf))  # where a lower score begins
    if not len(starts):
        return np.full(len(counts), np.nan)
    weights = counts[:, order]
    found, taken = (np.add.reduceat(weights * kept, starts, 1) for kept in (of_label[order], np.ones(len(order))))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(found > 0, np.cumsum(found, 1) / np.cumsum(taken, 1), 0.0)
        return np.asarray((found * precision).sum(1) / found.sum(1))


@METRICS.register("exact_match")
class ExactMatch(MeanMetric[Multilabel]):
    """The share of samples of which every label is right (subset accuracy)."""

    title = "Exact match"
    about = "how often every label of a sample is right"
    kinds = KINDS
    order = 40

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Multilabel, part: str) -> Numbers:
        return output.correct(answers, truth)[None].astype(np.float64)


@METRICS.register("hamming")
class HammingLoss(MeanMetric[Multilabel]):
    """The share of labels that are wrong, given or not given."""

    title = "Hamming loss"
    about = "the share of labels that are wrongly given or wrongly not given"
    kinds = KINDS
    higher_is_better = False
    order = 41

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Multilabel, part: str) -> Numbers:
        return (output.decided(answers) != truth.astype(bool)).mean(-1)[None]
