"""F1: the harmonic mean of precision and recall, averaged over the classes that occur."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mmlab.core.metric import METRICS, Metric, Numbers, mean_of
from mmlab.core.outputs import Output


@METRICS.register("f1")
class F1(Metric[Output]):
    """Macro-averaged F1; of a number, the F1 of lying above the middle.

    A class without samples has no recall, so no F1: it is left out of the mean.
    """

    title = "F1"
    about = "the balance of what is found and what is rightly found, averaged over the classes"
    kinds = frozenset({"classification", "regression"})
    order = 20

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Output, part: str
    ) -> Numbers:
        said, right = output.decisions(answers, truth)
        size = int(max(said.max(initial=0), right.max(initial=0), output.channels)) + 1
        hits, seen, found = (
            _by_class(labels, kept, counts, size)
            for labels, kept in ((right, said == right), (right, None), (said, None))
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            each = np.where(seen > 0, 2 * hits / (seen + found), np.nan)
        return mean_of(each[:, list(output.counted)].T)


def _by_class(labels: NDArray[np.int64], kept: NDArray[np.bool_] | None, counts: Numbers, size: int) -> Numbers:
    """How much weight the samples of each class have, `[D, C]`; of those in `kept` only, where it is given."""
    weight = np.ones(len(labels)) if kept is None else kept.astype(np.float64)
    if len(counts) == 1:  # as at every epoch: a table would take longer than the sums
        return np.asarray(np.bincount(labels, weight * counts[0], size), np.float64)[None]
    table = sparse.csr_array((weight, (labels, np.arange(len(labels)))), shape=(size, len(labels)))
    return np.asarray((table @ counts.T).T)
