"""Mean absolute error of a predicted number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Numbers
from mmlab.core.outputs import Output


@METRICS.register("mae")
class MeanAbsoluteError(MeanMetric[Output]):
    """The mean of the distances to the right numbers; infinite where an answer is no number."""

    title = "Mean error"
    about = "how far the number is off, on average"
    kinds = frozenset({"regression"})
    higher_is_better = False
    is_share = False
    order = 1

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Output, part: str) -> Numbers:
        off = output.error(answers, truth)[None]
        return np.where(np.isnan(off), np.inf, off)
