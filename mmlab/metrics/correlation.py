"""Pearson's correlation of predicted and true numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, Metric, Numbers
from mmlab.core.outputs import Regression

LEAST = 1e-12  # of the largest squared distance: what is left of a variance by rounding


@METRICS.register("r")
class Correlation(Metric[Regression]):
    """Pearson's r; NaN where the answers or the right numbers do not vary."""

    title = "Correlation"
    about = "how closely the numbers rise and fall with the right ones: 1 is always, 0 not at all"
    kinds = frozenset({"regression"})
    is_share = False
    order = 5

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Regression, part: str
    ) -> Numbers:
        one, other = _standard(answers[:, 0]), _standard(truth)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = counts / counts.sum(1, keepdims=True)
            middles = share @ one, share @ other
            spread = _variance(share, one, middles[0]) * _variance(share, other, middles[1])
            found = (share @ (one * other) - middles[0] * middles[1]) / np.sqrt(spread)
        return np.where(spread > 0, np.clip(found, -1, 1), np.nan)


def centred(values: NDArray[Any]) -> Numbers:
    """Less their mean; all 0 where what varies is rounding."""
    precise = values.astype(np.float64)
    if not len(precise):
        return precise
    found = precise - precise.mean()
    rounding = 8 * np.finfo(np.float64).eps * np.abs(precise).max()
    return np.asarray(found if np.abs(found).max() > rounding else found * 0)


def _standard(values: NDArray[Any]) -> Numbers:
    """Centred, and at most 1 from 0, whatever the unit."""
    found = centred(values)
    most = np.abs(found).max(initial=0.0)
    return np.asarray(found / most if most > 0 else found)


def _variance(share: Numbers, values: Numbers, mean: Numbers) -> Numbers:
    found = share @ values**2 - mean**2
    return np.where(found > LEAST, found, 0.0)
