"""Balanced accuracy: the share of correct predictions, with every class counting equally."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Numbers
from mmlab.core.outputs import Output


@METRICS.register("balanced_accuracy")
class BalancedAccuracy(MeanMetric[Output]):
    """The recall of each class, averaged over the classes that there are (Brodersen et al., ICPR 2010).

    Of a model that always names the most frequent of C classes it is 1/C, however frequent that class is.
    """

    title = "Balanced accuracy"
    about = "how often the answer is right, with rare classes counting as much as frequent ones"
    kinds = frozenset({"classification"})
    order = 12

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Output, part: str) -> Numbers:
        right = output.correct(answers, truth).astype(np.float64)
        return np.stack([np.where(truth == index, right, np.nan) for index in output.counted])
