"""Calibration of multi-label outputs: reliability, calibration errors, temperature.

Each label of each sample is a yes or no of its own, so its probability is set against how often it is there, over the
whole range from 0 to 1, rather than the confidence of one answer against how often that is right.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit

from mmlab.analysis.base.array_checks import Flags, Numbers
from mmlab.analysis.robustness.calibration import COLDEST, HOTTEST


def reliability(said: Numbers, there: Flags, bins: int = 15) -> tuple[Numbers, Numbers, Numbers]:
    """Of all pairs of sample and label, `[N, L]` each, in equal bins of probability: its mean, how often a label is
    there, and how many pairs; `[B]` each, empty bins left out. Bins hold their upper edge."""
    flat, truth = said.reshape(-1), there.reshape(-1).astype(np.float64)
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], flat, side="left")
    count = np.bincount(place, minlength=bins).astype(np.float64)
    full = count > 0
    means = (np.bincount(place, each, bins)[full] / count[full] for each in (flat, truth))
    mean, seen = means
    return mean, seen, count[full]


def error(said: Numbers, there: Flags, bins: int = 15) -> float:
    """Expected calibration error over all pairs of sample and label: the gap of each bin, weighted by its pairs."""
    mean, seen, count = reliability(said, there, bins)
    return float((np.abs(mean - seen) * count).sum() / count.sum())


def error_by_label(said: Numbers, there: Flags, bins: int = 15) -> float:
    """The same for each label by itself, averaged: errors of two labels in opposite directions do not cancel out.

    Source: the static calibration error of Nixon et al., Measuring Calibration in Deep Learning, 2019.
    """
    return float(np.mean([error(said[:, [place]], there[:, [place]], bins) for place in range(said.shape[1])]))


def fit_temperature(logits: Numbers, there: Flags) -> float:
    """The temperature to divide all logits `[N, L]` by, so that the labels that are there are most likely.

    Between 0.05 and 20, as for classes (Guo et al., ICML 2017); above 1 the model was too sure.
    """
    from scipy.optimize import minimize_scalar

    signed = np.where(there, logits, -logits)

    def surprise(log_temperature: float) -> float:
        return -float(log_expit(signed / np.exp(log_temperature)).mean())

    found = minimize_scalar(surprise, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))
