"""A number on a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mmlab.core.outputs.base import Output, Prediction

BINS = 7


@dataclass(frozen=True)
class Regression(Output):
    """A number between `low` and `high`, read as positive or negative about `middle`."""

    low: float
    high: float
    middle: float = 0.0
    kind: ClassVar[str] = "regression"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"mae"})
    no_shares: ClassVar[frozenset[str]] = frozenset({"mae", "r"})

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
