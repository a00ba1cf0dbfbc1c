"""One of several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmlab.core.outputs.base import Output, Prediction


@dataclass(frozen=True)
class Classification(Output):
    """One of several classes. Cross-entropy in nats; accuracy and macro-averaged F1."""

    classes: tuple[str, ...]
    kind: ClassVar[str] = "classification"

    @property
    def channels(self) -> int:
        return len(self.classes)

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("accuracy", "f1")

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

    def categories(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return answers.argmax(1), truth.astype(np.int64)

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        answer = logits.argmax(-1)
        pairs = target * self.channels + answer
        confusion = torch.bincount(pairs, minlength=self.channels**2).view(self.channels, -1).double()
        hits, seen, said = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
        f1 = 2 * hits / (seen + said).clamp(min=1)
        return {"accuracy": float(hits.sum() / confusion.sum()), "f1": float(f1[seen > 0].mean())}

    def read(self, logits: Tensor) -> Prediction:
        probability = logits.double().softmax(-1)
        best = int(probability.argmax())
        named = dict(zip(self.classes, probability.tolist(), strict=True))
        return Prediction(self.classes[best], named, float(self.uncertainty(logits.double())), best)
