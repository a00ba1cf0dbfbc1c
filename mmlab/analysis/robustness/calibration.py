"""Calibration: reliability diagram, calibration error, Brier score, temperature scaling; with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from mmlab.analysis.base.array_checks import Labels, Numbers, finite, labels_of, same_length
from mmlab.core.errors import DataError

COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True)
class Reliability:
    """Samples sorted into bins by confidence.

    edges: `[bins + 1]`; accuracy, confidence: means `[bins]`, NaN in an empty bin; count: `[bins]`.
    """

    edges: Numbers
    accuracy: Numbers
    confidence: Numbers
    count: Labels

    @property
    def error(self) -> float:
        """The gap between accuracy and confidence, averaged over the samples: the expected calibration error."""
        gap = np.abs(np.nan_to_num(self.accuracy - self.confidence))
        return float((gap * self.count).sum() / self.count.sum())


def reliability(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 15, *, equal_mass: bool = False
) -> Reliability:
    """Accuracy against confidence, from probabilities `[N, C]` and right classes `[N]`.

    Bins are equally wide and hold their upper edge. With `equal_mass` their edges are quantiles of the confidence;
    equally sure samples stay together, so that bins can be uneven and even empty where many are.
    """
    table, chosen = _probabilities(probabilities, labels)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}.")
    sure = table.max(1)
    hit = table.argmax(1) == chosen
    even = np.linspace(0, 1, bins + 1)
    edges = np.quantile(sure, even) if equal_mass else even
    place = np.searchsorted(edges[1:-1], sure, side="left")
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        accuracy, confidence = (np.bincount(place, each, bins) / count for each in (hit, sure))
    return Reliability(edges, accuracy, confidence, count)


def calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 15, *, equal_mass: bool = False
) -> float:
    """Expected calibration error in [0, 1]: the gap between confidence and accuracy, averaged over samples in bins.

    probabilities `[N, C]`, labels `[N]`; bins as in `reliability`. Raises ValueError where rows do not sum to 1.
    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    return reliability(probabilities, labels, bins, equal_mass=equal_mass).error


def calibration_error_by_chance(
    probabilities: ArrayLike, bins: int = 15, *, equal_mass: bool = False, draws: int = 200, seed: int = 0
) -> float:
    """The `calibration_error` that a perfect model would show on average with these probabilities `[N, C]`.

    Bins of few samples miss their confidence by chance, and the error adds up misses without their signs. Whether each
    answer is right is drawn with its own confidence, `draws` times over the samples.
    """
    table = finite(probabilities, "probabilities", 2)
    sure = table.max(1)
    bin_of = reliability(table, np.zeros(len(table), np.int64), bins, equal_mass=equal_mass)
    place = np.searchsorted(bin_of.edges[1:-1], sure, side="left")
    member = np.eye(bins)[place]
    hits = np.random.default_rng(seed).random((draws, len(sure))) < sure
    return float((np.abs((hits - sure) @ member).sum(1) / len(sure)).mean())


def debiased_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 15, *, equal_mass: bool = False
) -> float:
    """The root of the mean squared gap between confidence and accuracy, without what chance adds to it; 0 at least.

    From the squared gap of each bin its own sampling variance is taken away, so that a perfect model gets 0 on average
    before the root; bins of a single sample are left out. Bins as in `reliability`.
    Source: Kumar et al., Verified Uncertainty Calibration, NeurIPS 2019 (debiased estimator of the L2 error).
    """
    found = reliability(probabilities, labels, bins, equal_mass=equal_mass)
    some = found.count > 1
    count, accuracy = found.count[some], found.accuracy[some]
    squares = (found.confidence[some] - accuracy) ** 2 - accuracy * (1 - accuracy) / (count - 1)
    return float(np.sqrt(max(0.0, (squares * count).sum() / max(count.sum(), 1))))


def brier_score(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Squared distance of the probabilities `[N, C]` from the right class, mean over samples: 0 (sure, right) to 2.

    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.
    """
    table, chosen = _probabilities(probabilities, labels)
    return float(((table - np.eye(table.shape[1])[chosen]) ** 2).sum(1).mean())


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature to divide logits `[N, C]` by, so that right classes `[N]` are most likely.

    Between 0.05 and 20; above 1 the model was too sure. Fit it on one half of the samples and use it on the other
    (`halves`). Source: Guo et al., ICML 2017.
    """
    from scipy.optimize import minimize_scalar

    table = finite(logits, "logits", 2)
    chosen = labels_of(labels, *table.shape)

    def surprise(log_temperature: float) -> float:
        return -float(log_softmax(table / np.exp(log_temperature), 1)[np.arange(len(chosen)), chosen].mean())

    found = minimize_scalar(surprise, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def interval_width(residuals: ArrayLike, level: float = 0.9) -> float:
    """How far to either side of a number its truth lies with chance `level`, from residuals `[N]` of other samples.

    The quantile of |residual| with the correction for N samples, so that the chance holds for new samples like these.
    Raises DataError for too few samples. Source: Lei et al., Distribution-Free Predictive Inference, 2018.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}.")
    size = np.sort(np.abs(finite(residuals, "residuals", 1)))
    rank = ceil(round((len(size) + 1) * level, 9))
    if rank > len(size):
        needed = ceil(round(level / (1 - level), 9))
        raise DataError(f"{len(size)} samples are too few for intervals of {level:.0%}.", f"{needed} are needed.")
    return float(size[rank - 1])


def interval_coverage(residuals: ArrayLike, width: float) -> float:
    """The share of samples whose truth lies within `width` to either side of the answer, from residuals `[N]`."""
    return float((np.abs(finite(residuals, "residuals", 1)) <= width).mean())


def number_scores(answers: ArrayLike, target: ArrayLike) -> tuple[Numbers, Numbers]:
    """Mean absolute error and Pearson's r of each combination, `[2**M]` each, from `[2**M, N]` and the truth `[N]`.

    r is 0 where all answers are alike, as those to nothing present are.
    """
    said, truth = finite(answers, "answers", 2), finite(target, "target", 1)
    same_length(answers=said.T, target=truth)
    centred, about = said - said.mean(1, keepdims=True), truth - truth.mean()
    length = np.linalg.norm(centred, axis=1) * np.linalg.norm(about)
    varied = (np.ptp(said, axis=1) > 0) & (np.ptp(truth) > 0)
    return np.abs(said - truth).mean(1), np.where(varied, centred @ about / np.where(varied, length, 1), 0.0)


def _probabilities(probabilities: ArrayLike, labels: ArrayLike) -> tuple[Numbers, Labels]:
    table = finite(probabilities, "probabilities", 2)
    if table.min() < -1e-6 or np.abs(table.sum(1) - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must not be negative and must sum to 1 for each sample; these look like logits."
        )
    return table, labels_of(labels, *table.shape)
