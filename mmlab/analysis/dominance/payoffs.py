"""What a prediction is worth, sample by sample: the payoffs that Shapley values divide among the modalities of a model.

Which one is taken decides what is found: a modality can matter for how sure a model is and not for whether it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax

from mmlab.analysis.base.array_checks import Numbers, labels_of
from mmlab.core.errors import UnknownName
from mmlab.core.outputs import Classification, Output, Regression
from mmlab.core.outputs.segmentation import dice_of

SHARE, NATS, NUMBER = "share", "nats", "number"


@dataclass(frozen=True)
class Payoff:
    """One way to say what an answer is worth. unit: a share of 1, nats, or the task's own number."""

    name: str
    title: str
    unit: str
    about: str


_RIGHT = Payoff("right", "right answers", SHARE, "1 for a right answer, 0 for a wrong one")
_CHANCE = Payoff("probability", "probability", SHARE, "the probability that the right answer gets")
_LOG = Payoff("log_probability", "log-probability", NATS, "the logarithm of the probability that the right answer gets")
_SIDE = Payoff("right", "right side", SHARE, "1 where the number lies on the right side of the middle, 0 elsewhere")
_ERROR = Payoff("closeness", "closeness", NUMBER, "how far the number is off, with a minus: 0 is exact")
_DICE = Payoff("right", "overlap (Dice)", SHARE, "how well found and true regions overlap, 0 to 1")


def worths(output: Output) -> tuple[Payoff, ...]:
    """The values that exist for a kind of answer; the first is a share of 1, where more is better."""
    if isinstance(output, Classification):
        return (_RIGHT, _CHANCE, _LOG)
    return (_SIDE, _ERROR) if isinstance(output, Regression) else (_DICE,)


def worth(output: Output, name: str) -> Payoff:
    """The value of that name. Raises UnknownName."""
    found = {each.name: each for each in worths(output)}
    if name not in found:
        raise UnknownName(f"Answers of this kind have no value '{name}'.", f"There are: {', '.join(found)}.")
    return found[name]


def sample_values(output: Output, logits: ArrayLike, target: ArrayLike, name: str) -> Numbers:
    """What each answer is worth, `[N]`, from logits `[N, ...]` and targets `[N, ...]`. Raises UnknownName.

    Regions may come as logits `[N, R, H, W]` or as what a sweep keeps of them, `[N, R, 3 or more]`.
    """
    worth(output, name)
    scores, truth = np.asarray(logits, np.float64), np.asarray(target)
    if isinstance(output, Classification):
        return _of_classes(scores, truth, name)
    if isinstance(output, Regression):
        return _of_numbers(output, scores[:, 0], truth, name)
    return dice_of(scores if scores.ndim == 3 else counts_of(scores, truth)).mean(1)


def value_table(output: Output, logits: ArrayLike, target: ArrayLike, name: str) -> Numbers:
    """The same for every combination: logits `[2**M, N, ...]` to `[2**M, N]`."""
    return np.stack([sample_values(output, each, target, name) for each in np.asarray(logits)])


def _of_classes(logits: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    labels = labels_of(truth, *logits.shape)
    if name == "right":
        return (logits.argmax(1) == labels).astype(np.float64)
    rows = np.arange(len(labels))
    return (softmax(logits, 1) if name == "probability" else log_softmax(logits, 1))[rows, labels]


def _of_numbers(output: Regression, answer: Numbers, truth: NDArray[Any], name: str) -> Numbers:
    if name == "right":
        return ((answer > output.middle) == (truth > output.middle)).astype(np.float64)
    return -np.abs(answer - truth)


def counts_of(logits: NDArray[np.floating], truth: NDArray[Any]) -> Numbers:
    """What Dice needs of regions `[N, R, H, W]`: pixels in both, found, there, `[N, R, 3]`, as a sweep keeps them."""
    found, there = logits > 0, truth.astype(bool)
    return np.stack([part.sum((2, 3)) for part in (found & there, found, there)], -1).astype(np.float64)
