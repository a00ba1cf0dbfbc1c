"""The value of a prediction, sample by sample: the payoffs that Shapley values divide among a model's modalities.

Which one is taken decides what is found: a modality can matter for how sure a model is and not for whether it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_softmax, softmax

from mmlab.analysis.base.array_checks import Numbers, labels_of
from mmlab.core.errors import UnknownName
from mmlab.core.outputs import Classification, Multilabel, Output, Regression, Segmentation, SemanticSegmentation
from mmlab.core.phrases import phrase

SHARE, NATS, NUMBER = "share", "nats", "number"


@dataclass(frozen=True)
class Payoff:
    """A payoff (of a coalition game): what an answer is worth. unit: a share of 1, nats, or the task's own number."""

    name: str
    title: str
    unit: str
    about: str


_RIGHT = Payoff("right", phrase("right answers"), SHARE, phrase("1 for a right answer, 0 for a wrong one"))
_CHANCE = Payoff("probability", phrase("probability"), SHARE, phrase("the probability that the right answer gets"))
_LOG = Payoff(
    "log_probability",
    phrase("log-probability"),
    NATS,
    phrase("the logarithm of the probability that the right answer gets"),
)
_LABELS = Payoff(
    "right",
    phrase("overlap of labels (F1)"),
    SHARE,
    phrase("how well the labels given and those right overlap, 0 to 1"),
)
_YES_NO = Payoff(
    "probability",
    phrase("probability"),
    SHARE,
    phrase("the probability that the truth of a label gets, over all labels"),
)
_LIKELY = Payoff(
    "log_probability",
    phrase("log-likelihood"),
    NATS,
    phrase("the mean over labels of the logarithm of that probability"),
)
_SIDE = Payoff(
    "right", phrase("right side"), SHARE, phrase("1 where the number lies on the right side of the middle, 0 elsewhere")
)
_ERROR = Payoff("closeness", phrase("closeness"), NUMBER, phrase("how far the number is off, with a minus: 0 is exact"))
_IOU = Payoff(
    "right",
    phrase("overlap (mIoU)"),
    SHARE,
    phrase("how well found and true kinds overlap in the mean of those that are there or found, 0 to 1"),
)
_DICE = Payoff("right", phrase("overlap (Dice)"), SHARE, phrase("how well found and true regions overlap, 0 to 1"))


@singledispatch
def payoffs(output: Output) -> tuple[Payoff, ...]:
    """The payoffs that a kind of output has; the first is a share of 1, the higher the better."""
    return (_DICE,)


@payoffs.register
def _kind_payoffs(output: SemanticSegmentation) -> tuple[Payoff, ...]:
    return (_IOU,)


@payoffs.register
def _class_payoffs(output: Classification) -> tuple[Payoff, ...]:
    return (_RIGHT, _CHANCE, _LOG)


@payoffs.register
def _label_payoffs(output: Multilabel) -> tuple[Payoff, ...]:
    return (_LABELS, _YES_NO, _LIKELY)


@payoffs.register
def _number_payoffs(output: Regression) -> tuple[Payoff, ...]:
    return (_SIDE, _ERROR)


@singledispatch
def metric_of_right(output: Output) -> str:
    """The metric of reports that is the mean of the payoff "right" over samples."""
    return "dice"


@metric_of_right.register
def _kind_metric(output: SemanticSegmentation) -> str:
    return "picture_iou"


@metric_of_right.register
def _class_metric(output: Classification) -> str:
    return "accuracy"


@metric_of_right.register
def _label_metric(output: Multilabel) -> str:
    return "f1_samples"


@metric_of_right.register
def _number_metric(output: Regression) -> str:
    return "sign_accuracy"


def payoff(output: Output, name: str) -> Payoff:
    """The payoff of that name. Raises UnknownName."""
    found = {each.name: each for each in payoffs(output)}
    if name not in found:
        raise UnknownName(f"Answers of this kind have no value '{name}'.", f"There are: {', '.join(found)}.")
    return found[name]


def sample_values(output: Output, logits: ArrayLike, target: ArrayLike, name: str) -> Numbers:
    """What each answer is worth, `[N]`, from logits `[N, ...]` and targets `[N, ...]`. Raises UnknownName.

    Regions may come as logits `[N, R, H, W]` or as what a sweep keeps of them, `[N, R, 3 or more]`.
    """
    payoff(output, name)
    return _values(output, np.asarray(logits, np.float64), np.asarray(target), name)


def value_table(output: Output, logits: ArrayLike, target: ArrayLike, name: str) -> Numbers:
    """The same for every combination: logits `[2**M, N, ...]` to `[2**M, N]`."""
    return np.stack([sample_values(output, each, target, name) for each in np.asarray(logits)])


@singledispatch
def _values(output: Output, logits: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    raise UnknownName(f"Nothing is said of what answers of the kind '{output.kind}' are worth.")


@_values.register
def _of_regions(output: Segmentation, logits: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    return output.overlap(logits if logits.ndim == 3 else counts_of(logits, truth))


@_values.register
def _of_classes(output: Classification, logits: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    labels = labels_of(truth, *logits.shape)
    if name == "right":
        return output.correct(logits, labels).astype(np.float64)
    rows = np.arange(len(labels))
    return (softmax(logits, 1) if name == "probability" else log_softmax(logits, 1))[rows, labels]


@_values.register
def _of_labels(output: Multilabel, logits: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    if name == "right":
        return output.goodness(logits, truth)
    likely = log_expit(np.where(truth.astype(bool), logits, -logits))
    return likely.mean(1) if name == "log_probability" else np.exp(likely).mean(1)


@_values.register
def _of_numbers(output: Regression, logits: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    return output.correct(logits, truth).astype(np.float64) if name == "right" else -output.error(logits, truth)


def counts_of(logits: NDArray[np.floating], truth: NDArray[Any]) -> Numbers:
    """What Dice needs of regions `[N, R, ...]`: pixels in both, found, there, `[N, R, 3]`, as a sweep keeps them."""
    known, there = truth >= 0, truth > 0  # below 0 nobody labelled a pixel: it counts nowhere
    found = (logits > 0) & known
    places = tuple(range(2, found.ndim))
    return np.stack([part.sum(places) for part in (found & there, found, there)], -1).astype(np.float64)
