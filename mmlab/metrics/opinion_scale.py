"""The metrics of sentiment from -3 to 3 (CMU-MOSI, CMU-MOSEI), as in MMSA (`src/MMSA/utils/metricsTop.py`).

Acc-2 has two readings that differ by points: with zero, a number counts as positive from 0 on; without zero, samples
whose right number is 0 are left out and a number is positive above 0. Acc-5 and Acc-7 are cut at -2 and 2, or -3 and 3,
and rounded to whole steps (halves to even, as NumPy does). F1 is weighted by how often each of the two sides occurs.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Metric, Numbers
from mmlab.core.outputs import Regression

Flags = NDArray[np.bool_]


class WholeStepMetric(Metric[Regression]):
    """Only a scale whose whole numbers people tell apart has these."""

    kinds = frozenset({"regression"})

    def parts(self, output: Regression) -> tuple[str, ...]:
        return ("",) if output.whole_steps else ()


class Steps(WholeStepMetric, MeanMetric[Regression]):
    """How often a number, rounded to whole steps between two ends, is the right one."""

    furthest: ClassVar[float]

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Regression, part: str) -> Numbers:
        found, right = (np.round(np.clip(each, -self.furthest, self.furthest)) for each in (answers[..., 0], truth))
        return np.asarray((found == right)[None], np.float64)


@METRICS.register("acc7")
class Acc7(Steps):
    """Steps from -3 to 3."""

    title = "Acc-7"
    about = "how often the number, rounded to one of the seven steps from -3 to 3, is the right one"
    furthest = 3.0
    order = 12


@METRICS.register("acc5")
class Acc5(Steps):
    """Steps from -2 to 2."""

    title = "Acc-5"
    about = "how often the number, cut at -2 and 2 and rounded, is the right one of five steps"
    furthest = 2.0
    order = 13


def _sides(answers: NDArray[Any], truth: NDArray[Any], zero: bool) -> tuple[Flags, Flags, Flags]:
    """Whether each number and each right one is positive, which 0 is with zero; and which samples count."""
    said = answers[..., 0]
    return (said >= 0, truth >= 0, np.ones(truth.shape, bool)) if zero else (said > 0, truth > 0, truth != 0)


class Sides(WholeStepMetric, MeanMetric[Regression]):
    """How often a number lies on the right side of 0."""

    zero: ClassVar[bool]

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Regression, part: str) -> Numbers:
        said, right, counted = _sides(answers, truth, self.zero)
        return np.where(counted, said == right, np.nan)[None]


@METRICS.register("acc2_with_zero")
class WithZero(Sides):
    """0 counts as positive."""

    title = "Acc-2 with zero"
    about = "how often the number is on the right side of 0, which counts as positive"
    zero = True
    order = 14


@METRICS.register("acc2_without_zero")
class WithoutZero(Sides):
    """Samples whose right number is 0 are left out."""

    title = "Acc-2 without zero"
    about = "how often the number is on the right side of 0, of samples whose right number is not 0"
    zero = False
    order = 15


class WeightedF1(WholeStepMetric):
    """F1 of both sides of 0, weighted by how often each is right."""

    zero: ClassVar[bool]

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Regression, part: str
    ) -> Numbers:
        said, right, counted = _sides(answers, truth, self.zero)
        kept = counts * counted
        total = kept.sum(1)
        found = np.zeros(len(counts))
        with np.errstate(invalid="ignore", divide="ignore"):
            for side in (True, False):
                hits, seen, told = (
                    kept @ each for each in ((said == side) & (right == side), right == side, said == side)
                )
                found += np.where(seen > 0, 2 * hits / (seen + told), 0.0) * seen / total
        return found


@METRICS.register("f1_with_zero")
class F1WithZero(WeightedF1):
    """0 counts as positive."""

    title = "Weighted F1 with zero"
    about = "the balance of what is found and what is rightly found on both sides of 0, which counts as positive"
    zero = True
    order = 21


@METRICS.register("f1_without_zero")
class F1WithoutZero(WeightedF1):
    """Samples whose right number is 0 are left out."""

    title = "Weighted F1 without zero"
    about = "the same of samples whose right number is not 0"
    zero = False
    order = 22
