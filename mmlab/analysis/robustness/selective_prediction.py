"""Selective prediction: confidence scores, and the risk of the answered samples at each coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, softmax

from mmlab.analysis.base.array_checks import Numbers, finite, same_length


@dataclass(frozen=True)
class RiskCoverage:
    """The mean error of the most confident samples, `risk [N]`, at each share of samples answered, `coverage [N]`."""

    coverage: Numbers
    risk: Numbers


def entropies(logits: ArrayLike) -> Numbers:
    """The entropy in nats of the classes' probabilities, `[..., C]` to `[...]`; larger is less sure."""
    return entr(softmax(finite(logits, "logits"), -1)).sum(-1)


def margins(logits: ArrayLike) -> Numbers:
    """First less second probability, `[..., C]` to `[...]`; larger is surer."""
    array = finite(logits, "logits")
    if array.shape[-1:] < (2,):
        raise ValueError(f"A margin needs at least two classes, not logits of the shape {array.shape}.")
    best = np.partition(softmax(array, -1), -2, -1)
    return best[..., -1] - best[..., -2]


def risk_coverage(confidence: ArrayLike, error: ArrayLike) -> RiskCoverage:
    """The risk of answering only the most confident samples, from confidence and error `[N]` (0 or 1, or a distance).

    Equally confident samples are in no order: each has the mean error of its equals, which gives what a random order
    among them gives on average.
    """
    _, spread = _sorted(confidence, error)
    rank = np.arange(1, len(spread) + 1)
    return RiskCoverage(rank / len(spread), np.cumsum(spread) / rank)


def risk_coverage_area(confidence: ArrayLike, error: ArrayLike) -> tuple[float, float]:
    """The mean risk over all coverages (AURC), and by how much the best ordering would lower it (E-AURC).

    confidence, error: `[N]`; ties as in `risk_coverage`, so the order of the samples does not matter. Smaller is
    better. Raises ValueError for NaN or different lengths.
    Source: Geifman et al., Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019.
    """
    errors, spread = _sorted(confidence, error)
    rank = np.arange(1, len(spread) + 1)
    area = float((np.cumsum(spread) / rank).mean())
    best = float((np.cumsum(np.sort(errors)) / rank).mean())
    return area, max(0.0, area - best)


def generalised_risk_area(confidence: ArrayLike, error: ArrayLike) -> float:
    """The mean over all coverages of errors made per sample *asked* (AUGRC); ties as in `risk_coverage`.

    Source: Traub et al., Overcoming Common Flaws in the Evaluation of Selective Classification Systems, NeurIPS 2024.
    """
    _, spread = _sorted(confidence, error)
    return float(np.cumsum(spread).mean() / len(spread))


def _sorted(confidence: ArrayLike, error: ArrayLike) -> tuple[Numbers, Numbers]:
    """The errors, and for each rank from the most confident on the mean error of the samples tied there."""
    sure, errors = finite(confidence, "confidence", 1), finite(error, "error", 1)
    same_length(confidence=sure, error=errors)
    if errors.min() < 0:
        raise ValueError("Errors must not be negative.")
    _, tie, count = np.unique(-sure, return_inverse=True, return_counts=True)
    return errors, np.repeat(np.bincount(tie, errors) / count, count)
