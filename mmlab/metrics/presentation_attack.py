"""Error rates of a detection: ISO/IEC 30107-3, as used with CASIA-SURF (Zhang et al., A Dataset and Benchmark for
Large-scale Multi-modal Face Anti-spoofing, CVPR 2019).

All attacks are pooled, as there; the standard also asks for the worst kind of attack. CASIA-SURF's true positive rate
at a false positive rate of 10^-2 is 1 - BPCER100. Its 10^-3 is left out: a few hundred attacks cannot tell it from 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Metric, Numbers
from mmlab.core.outputs import Detection

KINDS = frozenset({"detection"})


class WrongShare(MeanMetric[Detection]):
    """The share of wrong decisions among the samples of a class, at equal probabilities; NaN for one without samples.

    At a tie the class that is named first is the answer.
    """

    kinds = KINDS
    higher_is_better = False
    attacks: ClassVar[bool] = True
    genuine: ClassVar[bool] = True

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Detection, part: str) -> Numbers:
        wrong, genuine = output.error(answers, truth), truth == output.passing
        sets = [~genuine] * self.attacks + [genuine] * self.genuine
        return np.stack([np.where(chosen, wrong, np.nan) for chosen in sets])


@METRICS.register("acer")
class Acer(WrongShare):
    """The mean of APCER and BPCER; of one of them, where the other class has no samples."""

    title = "ACER"
    about = "the mean of two shares, attacks that pass (APCER) and genuine samples that are refused (BPCER)"
    order = 1


@METRICS.register("apcer")
class Apcer(WrongShare):
    """Attack presentation classification error rate."""

    title = "APCER"
    about = "the share of attacks that pass"
    order = 2
    genuine = False


@METRICS.register("bpcer")
class Bpcer(WrongShare):
    """Bona fide presentation classification error rate."""

    title = "BPCER"
    about = "the share of genuine samples that are refused"
    order = 3
    attacks = False


class BpcerAt(Metric[Detection]):
    """The share of genuine samples that do not pass where the threshold lets at most 1 in `one_in` attacks pass.

    NaN where either class has no samples.
    """

    kinds = KINDS
    higher_is_better = False
    one_in: ClassVar[int]

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Detection, part: str
    ) -> Numbers:
        evidence, genuine = output.evidence(answers), truth == output.passing
        if genuine.all() or not genuine.any():
            return np.full(len(counts), np.nan)
        high_first = np.argsort(-evidence[~genuine], kind="stable")
        attacks, passed = evidence[~genuine][high_first], np.cumsum(counts[:, ~genuine][:, high_first], 1)
        allowed = np.floor(passed[:, -1:] / self.one_in)
        threshold = attacks[(passed > allowed).argmax(1)]  # the first attack that is one too many
        low_first = np.argsort(evidence[genuine], kind="stable")
        refused = np.cumsum(counts[:, genuine][:, low_first], 1)
        place = np.searchsorted(evidence[genuine][low_first], threshold, side="right")
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(place > 0, refused[np.arange(len(counts)), place - 1], 0.0) / refused[:, -1]
        return np.where(passed[:, -1] > 0, share, np.nan)


@METRICS.register("bpcer20")
class Bpcer20(BpcerAt):
    """At 1 in 20 attacks."""

    title = "BPCER20"
    about = "the share of genuine samples that are refused when 1 in 20 attacks may pass"
    order = 30
    one_in = 20


@METRICS.register("bpcer100")
class Bpcer100(BpcerAt):
    """At 1 in 100 attacks."""

    title = "BPCER100"
    about = "the share of genuine samples that are refused when 1 in 100 attacks may pass"
    order = 31
    one_in = 100
