"""AUROC: how well the probabilities rank samples, whatever the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, Metric, Numbers, mean_of
from mmlab.core.outputs import Output

MOST_AT_ONCE = 4_000_000  # weights that are sorted at a time


@METRICS.register("auroc")
class AUROC(Metric[Output]):
    """Area under the ROC curve: how often a sample of a class gets a higher probability of it than one of another.

    Ties count half (Hanley & McNeil, 1982). Each class against the rest, averaged over the classes that have samples
    and do not have all of them; of two classes it is the same for both. Of multi-label outputs it is each label's
    own, averaged alike.
    """

    title = "AUROC"
    about = "how often a sample of a class gets a higher probability of that class than a sample of another"
    kinds = frozenset({"classification", "detection", "multilabel"})
    order = 30

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Output, part: str
    ) -> Numbers:
        rankings = list(output.rankings(answers, truth))
        size = max(MOST_AT_ONCE // max(len(truth), 1), 1)
        draws = [counts[start : start + size] for start in range(0, len(counts), size)]
        return np.concatenate(
            [mean_of([_area(scores, of_class, each) for scores, of_class in rankings]) for each in draws]
        )


def _area(scores: Numbers, of_class: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """`[D]` for scores `[N]`, which samples are of the class, and how often each counts, `[D, N]`."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))  # where a higher score begins
    weights = counts[:, order]
    if not len(starts):
        return np.full(len(counts), np.nan)
    inside, outside = (np.add.reduceat(weights * kept, starts, 1) for kept in (of_class[order], ~of_class[order]))
    below = np.cumsum(outside, 1) - outside
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((inside * (below + outside / 2)).sum(1) / (inside.sum(1) * outside.sum(1)))
