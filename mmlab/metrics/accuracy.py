"""The share of correct predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Numbers
from mmlab.core.outputs import Output


@METRICS.register("accuracy")
class Accuracy(MeanMetric[Output]):
    """The share of samples whose class is the right one; the first of equally probable classes is the answer."""

    title = "Accuracy"
    about = "how often the answer is right"
    kinds = frozenset({"classification", "detection"})
    order = 10

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Output, part: str) -> Numbers:
        return output.correct(answers, truth)[None].astype(np.float64)


@METRICS.register("sign_accuracy")
class SignAccuracy(Accuracy):
    """The same of a number that is read as above the middle of its scale or not (CMU-MOSI, Zadeh et al., 2016)."""

    title = "Sign accuracy"
    about = "how often the number lies on the right side of the middle"
    kinds = frozenset({"regression"})
