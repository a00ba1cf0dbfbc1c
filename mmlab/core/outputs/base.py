"""What every kind of answer can be asked, and one answer in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import Unsupported


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


class Metrics(frozenset[str]):
    """Names of metrics; that of a region (`hd95_core`) is in it where its family (`hd95`) is."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or super().__contains__(str(name).partition("_")[0])


@dataclass(frozen=True)
class Output(ABC):
    """What a task asks for.

    lower_is_better: the metrics that are errors. no_shares: those that are not a fraction of something, so not a
    percentage. A metric means the same in every kind of answer.
    """

    kind: ClassVar[str]
    dense: ClassVar[bool] = False
    lower_is_better: ClassVar[frozenset[str]] = frozenset()
    not_percentages: ClassVar[frozenset[str]] = frozenset()
    lacks_classes: ClassVar[str] = ""  # why an answer has no probability for each class, in words

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
    def higher_is_better(self) -> bool:
        """Whether a larger headline is a better one."""
        return self.headline not in self.lower_is_better

    @property
    def scale(self) -> tuple[float, float]:
        """What a network's own numbers, small and about 0, mean as logits: one is `middle + step * number`."""
        return 0.0, 1.0

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
        """How sure each answer is, in the shape of `logits` with one channel (DI-MML, docs/methods.md 3.3)."""

    @abstractmethod
    def histogram(self, logits: Tensor) -> Tensor:
        """How often each answer is given, `[K]`, summing to 1 (MMANet's miner, docs/methods.md 5.3)."""

    @abstractmethod
    def labels(self, target: Tensor) -> Tensor:
        """Classes `int64` of the samples `[B]` or pixels `[B, H, W]` (DI-MML's dimension separation)."""

    @abstractmethod
    def score(self, logits: Tensor, target: int) -> Tensor:
        """The scalar per sample, `[B]`, that attribution explains: a class, a region or the number."""

    @abstractmethod
    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """The metrics of `metric_names` over all given samples."""

    def categories(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Answers `[N, channels]` and truth `[N]` as indices of classes, where samples are counted by them, `[N]` each.

        Raises Unsupported with the reason for answers that are no classes.
        """
        raise Unsupported(f"{self.lacks_classes}, so samples cannot be counted by classes.")

    def summarise(self, logits: Tensor, target: Tensor, distances: bool = True) -> Tensor:
        """What a sweep keeps of the answers `[B, ...]`: the logits themselves, unless they are too many.

        distances: whether to measure what takes long to measure.
        """
        return logits

    def condense_target(self, target: Tensor) -> Tensor:
        """What a sweep keeps of the truth `[B, ...]`."""
        return target

    def metrics_of(self, kept: Tensor, target: Tensor) -> dict[str, float]:
        """The metrics, from what `condense` and `condense_target` kept. Those that were not measured are left out."""
        return self.metrics(kept, target)

    @abstractmethod
    def read(self, logits: Tensor) -> Prediction:
        """The answer of one sample, from its logits without a batch dimension."""

    def same(self, first: Prediction, second: Prediction) -> bool:
        """Whether two answers say the same."""
        return first.answer == second.answer

    def right(self, prediction: Prediction, target: Any) -> bool:
        """Whether an answer that is one value is right."""
        return bool(prediction.value == target)

    def card(self) -> dict[str, Any]:
        """What a checkpoint stores about its output."""
        return {"kind": self.kind, **self.__dict__}
