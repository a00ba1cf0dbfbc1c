"""The coefficient of determination, by which linear probes of representations are evaluated in regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, Metric, Numbers
from mmlab.core.outputs import Regression
from mmlab.metrics.correlation import LEAST, centred


@METRICS.register("r2")
class Determination(Metric[Regression]):
    """R²: 1 less the squared errors over those of always answering the mean; NaN where the right numbers do not vary.

    Unlike the square of Pearson's r it also counts answers that are off by a shift or a factor, so that it can be
    below 0. -inf where an answer is no number.
    """

    title = "R²"
    about = "how much of the variation of the right numbers is predicted: 1 is all, 0 as little as by their mean"
    kinds = frozenset({"regression"})
    is_share = False
    order = 6

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Regression, part: str
    ) -> Numbers:
        right = centred(truth)
        off = answers[:, 0].astype(np.float64) - truth
        finite = np.isfinite(off)
        with np.errstate(invalid="ignore", divide="ignore"):
            total = counts.sum(1)
            around = counts @ right**2 / total - (counts @ right / total) ** 2
            missed = counts @ np.where(finite, off, 0.0) ** 2 / total
            found = np.where(counts @ ~finite > 0, -np.inf, 1 - missed / around)
        return np.where(around > LEAST * np.square(right).max(initial=0.0), found, np.nan)
