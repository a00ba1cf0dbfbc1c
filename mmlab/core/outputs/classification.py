"""One of several classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import entr, log_softmax, softmax
from torch import Tensor
from torch.nn import functional

from mmlab.core.errors import DataError
from mmlab.core.outputs.base import Output
from mmlab.core.outputs.prediction import Prediction


@dataclass(frozen=True)
class Classification(Output):
    """One of several classes. Cross-entropy in nats.

    >>> mmlab.Classification(("cup", "hat")).read(torch.tensor([2.0, 0.0])).answer
    'cup'
    """

    classes: tuple[str, ...]
    kind: ClassVar[str] = "classification"
    headline: ClassVar[str] = "accuracy"

    @property
    def channels(self) -> int:
        return len(self.classes)

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.classes

    @property
    def targets(self) -> tuple[str, ...]:
        return self.classes

    @property
    def guessing(self) -> tuple[str, float]:
        return "accuracy", 1 / len(self.classes)

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(logits, target, reduction="none")

    def uncertainty(self, logits: Tensor) -> Tensor:
        entropy: Tensor = torch.special.entr(logits.softmax(-1)).sum(-1)
        return entropy

    def certainty(self, logits: Tensor) -> Tensor:
        return logits.softmax(-1).amax(-1, keepdim=True)

    def histogram(self, logits: Tensor) -> Tensor:
        return torch.bincount(logits.argmax(-1), minlength=self.channels).float() / len(logits)

    def labels(self, target: Tensor) -> Tensor:
        return target

    def score(self, logits: Tensor, target: int) -> Tensor:
        return logits[:, target]

    def score_of_truth(self, logits: Tensor, target: Tensor) -> Tensor:
        return logits.gather(1, target[:, None])[:, 0]

    def score_of_answer(self, logits: Tensor) -> Tensor:
        return logits.amax(1)

    def support(self, logits: Tensor, whole: Tensor, target: int) -> NDArray[np.float64]:
        """The probability of the class."""
        return np.asarray(logits.double().softmax(1)[:, target].numpy())

    def class_of(self, value: Any) -> int:
        return int(value) if isinstance(value, int | np.integer) else 0

    def in_words(self, target: Any) -> str:
        return self.classes[int(target)]

    def parse(self, text: str) -> int:
        if text not in self.classes:
            near = get_close_matches(text, self.classes, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(self.classes[:12])}."
            raise DataError(f"'{text[:40]}' is not a class.", hint)
        return self.classes.index(text)

    def stacked(self, targets: Sequence[Any]) -> NDArray[Any]:
        return np.array(targets, np.int64)

    def value_of(self, target: Tensor) -> int:
        return int(target)

    def categories(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self.decisions(answers, truth)

    def correct(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray(answers.argmax(-1) == truth)

    def error(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        return (~self.correct(answers, truth)).astype(np.float64)

    def uncertainties(self, answers: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Entropy in nats, and how little the first class has more than the second."""
        probability = softmax(answers.astype(np.float64), -1)
        best = np.partition(probability, -2, -1)
        return {"entropy": entr(probability).sum(-1), "margin": best[..., -2] - best[..., -1]}

    def slices(self, truth: NDArray[Any]) -> dict[str, tuple[str, ...]]:
        return {"answer": tuple(self.classes[int(label)] for label in truth)}

    def rankings(self, answers: NDArray[Any], truth: NDArray[Any]) -> Iterator[tuple[Any, NDArray[np.bool_]]]:
        scores = log_softmax(answers.astype(np.float64), -1)
        for index in range(int(self.channels == 2), self.channels):  # of two classes it is the same for both
            yield scores[:, index], truth == index

    def recall_counts(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        said, right = self.decisions(answers, truth)
        counted = (np.bincount(kept, minlength=self.channels) for kept in (right[said == right], right))
        found, there = counted
        return found, there

    def decisions(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return answers.argmax(-1), truth.astype(np.int64)

    def read(self, logits: Tensor) -> Prediction:
        probability = logits.double().softmax(-1)
        best = int(probability.argmax())
        named = dict(zip(self.classes, probability.tolist(), strict=True))
        return Prediction(self.classes[best], named, float(self.uncertainty(logits.double())), best)
