"""A number on a scale."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import DataError
from mmlab.core.number_text import on_scale
from mmlab.core.outputs.base import Output, thirds
from mmlab.core.outputs.prediction import Prediction

BINS = 7
STEPS = 6  # that the scale has, from -3 to 3


@dataclass(frozen=True)
class Regression(Output):
    """A number between `low` and `high`, read as above `middle` or not.

    The middle itself counts as not above, as with CMU-MOSI (Zadeh et al., 2016). whole_steps: whether the integers
    of the scale are meaningful categories, so that accuracy after rounding is measured, too.

    >>> mmlab.Regression(-3, 3).read(torch.tensor([0.5])).answer
    '+0.50'
    """

    low: float
    high: float
    middle: float = 0.0
    whole_steps: bool = False
    kind: ClassVar[str] = "regression"
    headline: ClassVar[str] = "mae"
    good: ClassVar[str] = "the right side of the middle"
    error_name: ClassVar[str] = "distance from the truth"
    error_is_share: ClassVar[bool] = False
    goodness_name: ClassVar[str] = "minus the mean error"
    terms: ClassVar[tuple[str, ...]] = ("number", "prediction_interval", "prediction_shift")
    lacks_classes: ClassVar[str] = "A number has no probability"

    def card(self) -> dict[str, Any]:
        """As cards were before there were whole steps, where there are none."""
        found = super().card()
        return found if self.whole_steps else {key: value for key, value in found.items() if key != "whole_steps"}

    @property
    def channels(self) -> int:
        return 1

    @property
    def targets(self) -> tuple[str, ...]:
        return ("a higher number", "a lower number")

    @property
    def guessing(self) -> tuple[str, float]:
        return "sign_accuracy", 0.5

    @property
    def changed(self) -> str:
        return f"end on the other side of {self.middle:g}"

    def verdicts(self, known: bool) -> tuple[str, str, str]:
        good, bad = ("✓ right side", "✗ wrong side") if known else ("= side as with all inputs", "≠ other side")
        return good, bad, "removing it changes sides"

    @property
    def scale(self) -> tuple[float, float]:
        return (self.low + self.high) / 2, (self.high - self.low) / STEPS

    @property
    def label_count(self) -> int:
        return BINS

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """How far off, in sixths of the scale: the same for any unit, so that the other terms keep their weight."""
        return (logits.squeeze(-1) - target).abs() / self.scale[1]

    def uncertainty(self, logits: Tensor) -> Tensor:
        """Closeness to the boundary between the signs, in (0, 1] (docs/methods.md 5.8: margin-aware)."""
        distance = (logits.squeeze(-1) - self.middle).abs()
        return torch.exp(-distance / ((self.high - self.low) / 4))

    def certainty(self, logits: Tensor) -> Tensor:
        """Uniform: a number has no confidence of its own (docs/methods.md 3.6)."""
        return torch.ones_like(logits)

    def histogram(self, logits: Tensor) -> Tensor:
        return torch.bincount(self._bins(logits.squeeze(-1)), minlength=BINS).float() / len(logits)

    def labels(self, target: Tensor) -> Tensor:
        edges = torch.quantile(target.float(), torch.linspace(0, 1, BINS + 1, device=target.device)[1:-1])
        return torch.bucketize(target.float(), edges)

    def score(self, logits: Tensor, target: int) -> Tensor:
        """The number itself for target 0, which explains what raises it; its negative for 1: what lowers it."""
        return -logits[:, 0] if target == 1 else logits[:, 0]

    def neutral_score(self, target: int) -> float:
        """The middle of the scale, with the sign of `score`."""
        return -self.middle if target == 1 else self.middle

    def support(self, logits: Tensor, whole: Tensor, target: int) -> NDArray[np.float64]:
        """1 less the distance of the number, as a part of the scale."""
        return np.asarray((1 - (logits[:, 0] - whole[0]).abs().double() / (self.high - self.low)).numpy())

    def target_of(self, value: Any) -> int:
        """The side of the middle where the number lies."""
        return int(isinstance(value, int | float) and not self.above(value))

    def in_words(self, target: Any) -> str:
        return self.words(float(target))

    def parse(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError as error:
            raise DataError(f"'{text[:40]}' is not a number.", "Write it with a point: 3.5.") from error
        if not self.low <= number <= self.high:
            raise DataError(f"{text[:40]} is off the scale.", f"It goes from {self.low:g} to {self.high:g}.")
        return number

    def categories(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Thirds of the right numbers."""
        edges = np.quantile(truth.astype(np.float64), (1 / 3, 2 / 3))
        return np.digitize(answers[:, 0], edges), np.digitize(truth.astype(np.float64), edges)

    def correct(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray((answers[..., 0] > self.middle) == (truth > self.middle))

    def error(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        return np.abs(answers[..., 0].astype(np.float64) - truth.astype(np.float64))

    def uncertainties(self, answers: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Closeness to the middle, as `uncertainty`."""
        distance = np.abs(answers[..., 0].astype(np.float64) - self.middle)
        return {"boundary": np.exp(-distance / ((self.high - self.low) / 4))}

    def slices(self, truth: NDArray[Any]) -> dict[str, tuple[str, ...]]:
        """On which side of the middle the right number lies, and how far from it."""
        side = np.where(truth > self.middle, "above the middle", "not above the middle")
        far = thirds(np.abs(truth - self.middle), ("near the middle", "in between", "far from the middle"))
        return {"answer": tuple(side.tolist()), "strength": far}

    def decisions(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """1 for a number above the middle, 0 for any other."""
        return (answers[..., 0] > self.middle).astype(np.int64), (truth > self.middle).astype(np.int64)

    @property
    def counted(self) -> range:
        return range(1, 2)

    def read(self, logits: Tensor) -> Prediction:
        number = float(logits.reshape(()).clamp(self.low, self.high))
        return Prediction(self.words(number), {}, float(self.uncertainty(logits.reshape(1, 1))), number)

    @property
    def digits(self) -> int:
        """How many digits behind the point tell numbers of this scale apart."""
        return max(2 - floor(log10(self.scale[1])), 0)

    def words(self, number: float) -> str:
        """A number in words: with its sign if the scale has both, and with digits that fit the scale."""
        return on_scale(number, self.digits, signed=self.low < 0, minus="-")

    def above(self, number: float) -> bool:
        """Whether a number lies above the middle: what counts where an answer is right or wrong."""
        return number > self.middle

    def same(self, first: Prediction, second: Prediction) -> bool:
        """Whether both numbers lie on one side of the middle."""
        return self.above(_number(first)) == self.above(_number(second))

    def right(self, prediction: Prediction, target: Any) -> bool:
        """Whether the number lies on the side of the middle where the truth lies."""
        return self.above(_number(prediction)) == self.above(float(target))

    def _bins(self, numbers: Tensor) -> Tensor:
        share = (numbers - self.low) / (self.high - self.low)
        return (share * BINS).long().clamp(0, BINS - 1)


def _number(prediction: Prediction) -> float:
    assert isinstance(prediction.value, int | float)
    return float(prediction.value)
