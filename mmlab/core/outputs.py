"""The kind of answer as an object: classes, regions of an image, or a number.

A method is written once and asks its output for losses, doubts and metrics; nobody else tests for kinds.
Logits are `[B, C]` for classes, `[B, 1]` for a number and `[B, R, H, W]` for regions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmlab.core.errors import TaskMismatch

BINS = 7


@dataclass(frozen=True)
class Prediction:
    """One answer, decoded and small.

    answer:        the class, the number or the regions found, in words.
    probabilities: by class (classification) or mean by region (segmentation); empty for a number.
    uncertainty:   entropy in nats for classes, mean entropy per pixel for regions; see `Output.uncertainty`.
    value:         index of the class, the number, or the region probabilities `[R, H, W]` as float16.
    """

    answer: str
    probabilities: Mapping[str, float]
    uncertainty: float
    value: int | float | NDArray[np.float16]

    @property
    def confidence(self) -> float:
        """The largest probability, 0 where there is none."""
        return max(self.probabilities.values(), default=0.0)


@dataclass(frozen=True)
class Output(ABC):
    """What a task asks for."""

    kind: ClassVar[str]
    dense: ClassVar[bool] = False
    higher_is_better: ClassVar[bool] = True

    @property
    @abstractmethod
    def channels(self) -> int:
        """How many logits a sample (or a pixel) has."""

    @property
    @abstractmethod
    def metric_names(self) -> tuple[str, ...]:
        """The metrics, the headline first."""

    @property
    def headline(self) -> str:
        """The metric that models are selected and compared by."""
        return self.metric_names[0]

    @property
    def label_count(self) -> int:
        """How many classes `labels` tells apart."""
        return self.channels

    @abstractmethod
    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """One loss per sample, `[B]`, whatever the kind."""

    @abstractmethod
    def uncertainty(self, logits: Tensor) -> Tensor:
        """One doubt per sample, `[B]`, larger where the answer is less certain."""

    @abstractmethod
    def certainty(self, logits: Tensor) -> Tensor:
        """How sure each answer is, in the shape of `logits` with one channel (DI-MML, METHODS.md 3.3)."""

    @abstractmethod
    def histogram(self, logits: Tensor) -> Tensor:
        """How often each answer is given, `[K]`, summing to 1 (MMANet's miner, METHODS.md 5.3)."""

    @abstractmethod
    def labels(self, target: Tensor) -> Tensor:
        """Classes `int64` of the samples `[B]` or pixels `[B, H, W]` (DI-MML's dimension separation)."""

    @abstractmethod
    def score(self, logits: Tensor, target: int) -> Tensor:
        """The scalar per sample, `[B]`, that attribution explains: a class, a region or the number."""

    @abstractmethod
    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """The metrics of `metric_names` over all given samples."""

    @abstractmethod
    def read(self, logits: Tensor) -> Prediction:
        """The answer of one sample, from its logits without a batch dimension."""

    def card(self) -> dict[str, Any]:
        """What a checkpoint stores about its output."""
        return {"kind": self.kind, **self.__dict__}


def _binary_entropy(logits: Tensor) -> Tensor:
    probability = logits.sigmoid()
    return functional.softplus(logits) - probability * logits


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
        return torch.special.entr(logits.softmax(-1)).sum(-1)

    def certainty(self, logits: Tensor) -> Tensor:
        return logits.softmax(-1).amax(-1, keepdim=True)

    def histogram(self, logits: Tensor) -> Tensor:
        return torch.bincount(logits.argmax(-1), minlength=self.channels).float() / len(logits)

    def labels(self, target: Tensor) -> Tensor:
        return target

    def score(self, logits: Tensor, target: int) -> Tensor:
        return logits[:, target]

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


@dataclass(frozen=True)
class Regression(Output):
    """A number between `low` and `high`, read as positive or negative about `middle`."""

    low: float
    high: float
    middle: float = 0.0
    kind: ClassVar[str] = "regression"
    higher_is_better: ClassVar[bool] = False

    @property
    def channels(self) -> int:
        return 1

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("mae", "r", "sign_accuracy", "f1")

    @property
    def label_count(self) -> int:
        return BINS

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return (logits.squeeze(-1) - target).abs()

    def uncertainty(self, logits: Tensor) -> Tensor:
        """Closeness to the boundary between the signs, in (0, 1] (METHODS.md 5.8: margin-aware)."""
        distance = (logits.squeeze(-1) - self.middle).abs()
        return torch.exp(-distance / ((self.high - self.low) / 4))

    def certainty(self, logits: Tensor) -> Tensor:
        """Uniform: a number has no confidence of its own (METHODS.md 3.6)."""
        return torch.ones_like(logits)

    def histogram(self, logits: Tensor) -> Tensor:
        return torch.bincount(self._bins(logits.squeeze(-1)), minlength=BINS).float() / len(logits)

    def labels(self, target: Tensor) -> Tensor:
        edges = torch.quantile(target.float(), torch.linspace(0, 1, BINS + 1, device=target.device)[1:-1])
        return torch.bucketize(target.float(), edges)

    def score(self, logits: Tensor, target: int) -> Tensor:
        return logits[:, 0]

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        answer, truth = logits.squeeze(-1).double(), target.double()
        said, is_so = answer > self.middle, truth > self.middle
        hits = float((said & is_so).sum())
        spread = float(answer.std() * truth.std()) if len(answer) > 1 else 0.0
        joint = float(((answer - answer.mean()) * (truth - truth.mean())).sum()) / max(len(answer) - 1, 1)
        return {
            "mae": float((answer - truth).abs().mean()),
            "r": joint / spread if spread > 0 else 0.0,
            "sign_accuracy": float((said == is_so).double().mean()),
            "f1": 2 * hits / max(float(said.sum() + is_so.sum()), 1.0),
        }

    def read(self, logits: Tensor) -> Prediction:
        number = float(logits.reshape(()).clamp(self.low, self.high))
        return Prediction(f"{number:+.2f}", {}, float(self.uncertainty(logits.reshape(1, 1))), number)

    def _bins(self, numbers: Tensor) -> Tensor:
        share = (numbers - self.low) / (self.high - self.low)
        return (share * BINS).long().clamp(0, BINS - 1)


@dataclass(frozen=True)
class Segmentation(Output):
    """Regions of an image, each yes or no per pixel (they may be nested). Dice per region."""

    regions: tuple[str, ...]
    kind: ClassVar[str] = "segmentation"
    dense: ClassVar[bool] = True

    @property
    def channels(self) -> int:
        return len(self.regions)

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("dice", *(f"dice_{region}" for region in self.regions))

    @property
    def label_count(self) -> int:
        return self.channels + 1

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Soft Dice (smooth 1) plus binary cross-entropy, averaged over regions: `[B]`."""
        truth = target.to(logits.dtype)
        crossed = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        probability = logits.sigmoid()
        shared = 2 * (probability * truth).sum((2, 3)) + 1
        dice = shared / (probability.sum((2, 3)) + truth.sum((2, 3)) + 1)
        return crossed.mean((1, 2, 3)) + (1 - dice).mean(1)

    def uncertainty(self, logits: Tensor) -> Tensor:
        return _binary_entropy(logits).mean((1, 2, 3))

    def certainty(self, logits: Tensor) -> Tensor:
        probability = logits.sigmoid()
        return torch.maximum(probability, 1 - probability).mean(1, keepdim=True)

    def histogram(self, logits: Tensor) -> Tensor:
        counts = self.labels(logits > 0).flatten()
        return torch.bincount(counts, minlength=self.label_count).float() / counts.numel()

    def labels(self, target: Tensor) -> Tensor:
        """How many of the (nested) regions a pixel belongs to."""
        return target.long().sum(1)

    def score(self, logits: Tensor, target: int) -> Tensor:
        return logits[:, target].sum((1, 2))

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """Hard Dice at probability 0.5; 1 where a region is neither there nor found. Mean over samples."""
        found, truth = logits > 0, target.bool()
        size = (found.sum((2, 3)) + truth.sum((2, 3))).double()
        shared = 2 * (found & truth).sum((2, 3)).double()
        dice = torch.where(size > 0, shared / size.clamp(min=1), 1.0).mean(0)
        named = {f"dice_{region}": float(value) for region, value in zip(self.regions, dice, strict=True)}
        return {"dice": float(dice.mean()), **named}

    def read(self, logits: Tensor) -> Prediction:
        probability = logits.double().sigmoid()
        named = dict(zip(self.regions, probability.mean((1, 2)).tolist(), strict=True))
        found = [region for region, map_ in zip(self.regions, probability, strict=True) if (map_ > 0.5).any()]
        answer = ", ".join(found) or "nothing found"
        doubt = float(self.uncertainty(logits[None].double()))
        return Prediction(answer, named, doubt, probability.numpy().astype(np.float16))


OUTPUTS: dict[str, type[Output]] = {output.kind: output for output in (Classification, Regression, Segmentation)}
ALL_KINDS = frozenset(OUTPUTS)


def output_from_card(card: Mapping[str, Any]) -> Output:
    """The output that `Output.card` described. Raises TaskMismatch for an unknown kind."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in card.items()}
    kind = fields.pop("kind", None)
    if kind not in OUTPUTS:
        raise TaskMismatch(f"Unknown kind of output '{kind}'.", f"There are: {', '.join(OUTPUTS)}.")
    try:
        return OUTPUTS[kind](**fields)
    except TypeError as error:
        raise TaskMismatch(f"The card's output '{kind}' is incomplete.", "Train the model again.") from error
