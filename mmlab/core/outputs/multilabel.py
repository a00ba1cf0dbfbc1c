"""Multi-label classification: each label is a separate yes or no."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import log
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import entr, expit
from torch import Tensor
from torch.nn import functional

from mmlab.core.errors import DataError, TaskMismatch
from mmlab.core.outputs.base import Output
from mmlab.core.outputs.prediction import Prediction

SEPARATOR = "|"  # between the labels of a cell
NOTHING = "no label"  # what an answer without any label is called
HEAVIEST = 10.0  # of a label that is there, in a loss that weighs rare ones
MOST_COUNTED = 3  # labels; samples that have more are one group


@dataclass(frozen=True)
class Multilabel(Output):
    """Any number of the labels `classes`, including none: each has its own sigmoid. Mean binary cross-entropy in nats.

    threshold: the probability above which a label is predicted.

    >>> mmlab.Multilabel(("drama", "comedy", "war")).read(torch.tensor([2.0, 1.0, -3.0])).answer
    'drama, comedy'
    """

    classes: tuple[str, ...]
    threshold: float = 0.5
    weighs_rare: bool = field(default=False, compare=False)  # of a training, not of the task
    kind: ClassVar[str] = "multilabel"
    yes_or_no: ClassVar[bool] = True
    headline: ClassVar[str] = "f1_macro"
    good: ClassVar[str] = "every label right"
    error_name: ClassVar[str] = "1 − F1 of the labels"
    goodness_name: ClassVar[str] = "F1 of the labels"
    is_one_target: ClassVar[bool] = False
    may_be_empty: ClassVar[bool] = True
    terms: ClassVar[tuple[str, ...]] = ("labels",)
    lacks_classes: ClassVar[str] = "Several labels can be right at once"

    def __post_init__(self) -> None:
        if not self.classes or not 0 < self.threshold < 1:
            raise TaskMismatch("Several labels need names and a threshold between 0 and 1.", "Give both.")
        if any(SEPARATOR in name for name in self.classes):
            raise TaskMismatch(f"The name of a label has a '{SEPARATOR}', which stands between labels.", "Rename it.")

    def card(self) -> dict[str, Any]:
        return {"kind": self.kind, "classes": self.classes, "threshold": self.threshold}

    def weighing(self, foreground: bool) -> Self:
        return self if foreground == self.weighs_rare else replace(self, weighs_rare=foreground)

    @property
    def channels(self) -> int:
        return len(self.classes)

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.classes

    def of_label(self, name: str) -> Self:
        return replace(self, classes=(name,))

    @property
    def targets(self) -> tuple[str, ...]:
        return self.classes

    @property
    def stored_target_shape(self) -> tuple[int, ...]:
        return (len(self.classes),)

    @property
    def guessing(self) -> tuple[str, float]:
        return "f1_macro", 0.0

    @property
    def changed(self) -> str:
        return "change the labels"

    def verdicts(self, known: bool) -> tuple[str, str, str]:
        good, bad = ("✓ every label right", "✗ not every label") if known else ("= as with all inputs", "≠ different")
        return good, bad, "removing it changes the labels"

    @property
    def label_count(self) -> int:
        """Two: a sample has a label or not."""
        return 2

    @property
    def boundary(self) -> float:
        """The logit above which a label is given."""
        return log(self.threshold / (1 - self.threshold))

    def decided(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Which labels are given, from logits of any shape."""
        return np.asarray(answers.astype(np.float64) > self.boundary)

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        truth = target.to(logits.dtype)
        weight = _weights(truth) if self.weighs_rare else None
        each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none", pos_weight=weight)
        return each.mean(-1)

    def uncertainty(self, logits: Tensor) -> Tensor:
        """The mean over labels of the entropy of yes and no."""
        return _entropy(logits).mean(-1)

    def certainty(self, logits: Tensor) -> Tensor:
        """The mean over labels of the probability of what is said of each."""
        probability = logits.sigmoid()
        return torch.where(logits > self.boundary, probability, 1 - probability).mean(-1, keepdim=True)

    def uncertainty_map(self, logits: Tensor) -> Tensor:
        return _entropy(logits).mean(-1, keepdim=True)

    def histogram(self, logits: Tensor) -> Tensor:
        """Each label's share of all that are given; an answer without any counts as one more."""
        given = logits > self.boundary
        counts = torch.cat((given.sum(0), (~given.any(1)).sum()[None])).float()
        return counts / counts.sum()

    def labels(self, target: Tensor) -> Tensor:
        """Whether a sample has each label: as many divisions into two classes as there are labels, `[B, L]`."""
        return target.long()

    def score(self, logits: Tensor, target: int) -> Tensor:
        return logits[:, target]

    def score_of_truth(self, logits: Tensor, target: Tensor) -> Tensor:
        """The logits of the labels that are there, less those of the others."""
        return (logits * (2 * target.to(logits.dtype) - 1)).sum(-1)

    def score_of_answer(self, logits: Tensor) -> Tensor:
        """The sum of the absolute logits of all labels."""
        return logits.abs().sum(-1)

    def support(self, logits: Tensor, whole: Tensor, target: int) -> NDArray[np.float64]:
        """The probability of the label."""
        return np.asarray(logits.double().sigmoid()[:, target].numpy())

    def class_of(self, value: Any) -> int:
        """The most probable label, of probabilities; the first one, of a truth."""
        found = np.asarray(value)
        return int(found.argmax()) if found.shape == (self.channels,) else 0

    def named(self, given: NDArray[np.bool_]) -> frozenset[str]:
        """The labels of one sample."""
        return frozenset(name for name, on in zip(self.classes, given, strict=True) if on)

    def words(self, given: NDArray[np.bool_]) -> str:
        """The labels in words, in order."""
        named = self.named(given)
        return ", ".join(name for name in self.classes if name in named) or NOTHING

    def several(self, prediction: Prediction) -> tuple[str, ...]:
        named = self.named(np.asarray(prediction.value) > self.threshold)
        return tuple(name for name in self.classes if name in named) if len(named) > 1 else ()

    def in_words(self, target: Any) -> str:
        return self.words(np.asarray(target) > 0)

    def parse(self, text: str) -> tuple[bool, ...]:
        """Labels with a `|` between them; nothing at all is no label."""
        named = [name.strip() for name in text.split(SEPARATOR)] if text.strip() else []
        for name in named:
            if name not in self.classes:
                raise DataError(*self._unknown(name))
        if len(set(named)) < len(named):
            raise DataError(f"'{text[:40]}' has a label twice.", "Name each once.")
        return tuple(name in named for name in self.classes)

    def _unknown(self, name: str) -> tuple[str, str]:
        if not name:
            return f"There is no label on one side of a '{SEPARATOR}'.", f"Write drama{SEPARATOR}comedy."
        apart = next((sign for sign in ",;/" if set(map(str.strip, name.split(sign))) & set(self.classes)), "")
        near = get_close_matches(name, self.classes, n=1)
        if apart:
            hint = f"Put '{SEPARATOR}' between labels, not '{apart}'."
        else:
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(self.classes[:12])}."
        return f"'{name[:40]}' is not a label.", hint

    def stacked(self, targets: Sequence[Any]) -> NDArray[Any]:
        return np.array(targets, bool).reshape(-1, self.channels)

    def value_of(self, target: Tensor) -> tuple[bool, ...]:
        return tuple(target.bool().tolist())

    def rankings(self, answers: NDArray[Any], truth: NDArray[Any]) -> Iterator[tuple[Any, NDArray[np.bool_]]]:
        for index in range(self.channels):
            yield answers[:, index].astype(np.float64), truth[:, index].astype(bool)

    def recall_counts(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        there = truth.astype(bool)
        return (self.decided(answers) & there).sum(0), there.sum(0)

    def correct(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray((self.decided(answers) == truth.astype(bool)).all(-1))

    def error(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        """1 - F1 of the labels of each sample; 0 where none is there and none is given."""
        given, there = self.decided(answers), truth.astype(bool)
        both, size = (given & there).sum(-1), given.sum(-1) + there.sum(-1)
        return np.asarray(np.where(size > 0, 1 - 2 * both / np.maximum(size, 1), 0.0))

    def uncertainties(self, answers: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """The mean over labels of the entropy of yes and no, in nats."""
        yes = expit(answers.astype(np.float64))
        return {"entropy": (entr(yes) + entr(1 - yes)).mean(-1)}

    def slices(self, truth: NDArray[Any]) -> dict[str, tuple[str, ...]]:
        """How many labels there are."""
        names = (NOTHING, *(f"{count} label{'s' if count > 1 else ''}" for count in range(1, MOST_COUNTED + 1)))
        rest = f"more than {MOST_COUNTED} labels"
        return {"labels": tuple(names[n] if n <= MOST_COUNTED else rest for n in truth.astype(bool).sum(-1).tolist())}

    def belonging(self, truth: NDArray[Any], names: Sequence[str]) -> NDArray[np.bool_]:
        """Samples that have any of the labels."""
        return np.asarray(truth.astype(bool)[:, [self.classes.index(name) for name in names]].any(1))

    def empty_answer(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
        """The log odds of each label among the samples: what is known of one of which nothing is."""
        share = (truth.astype(np.float64).sum(0) + 0.5) / (len(truth) + 1)
        return np.broadcast_to(np.log(share / (1 - share)), answers.shape[1:])

    def read(self, logits: Tensor) -> Prediction:
        exact = logits.double()
        probability = exact.sigmoid()
        named = dict(zip(self.classes, probability.tolist(), strict=True))
        doubt, sure = float(self.uncertainty(exact)), float(self.certainty(exact))
        return Prediction(self.words(self.decided(exact.numpy())), named, doubt, tuple(probability.tolist()), sure)

    def right(self, prediction: Prediction, target: Any) -> bool:
        """Whether each label is rightly given or not given."""
        return bool(((np.asarray(prediction.value) > self.threshold) == (np.asarray(target) > 0)).all())


def _weights(truth: Tensor) -> Tensor:
    """What a label that is there weighs, `[L]`: (N - n) / n, as much as the samples without it, at most `HEAVIEST`."""
    share = truth.mean(0)
    weight = ((1 - share) / share.clamp(min=1e-6)).clamp(1.0, HEAVIEST)
    return torch.where(share > 0, weight, torch.ones_like(weight))


def _entropy(logits: Tensor) -> Tensor:
    return functional.softplus(logits) - logits.sigmoid() * logits
