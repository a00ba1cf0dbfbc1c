"""The interface of every kind of output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.errors import DataError, Unsupported
from mmlab.core.metric import OutputMetric, metrics_for
from mmlab.core.number_text import fixed
from mmlab.core.outputs.prediction import Prediction


def thirds(values: NDArray[Any], names: tuple[str, str, str]) -> tuple[str, ...]:
    """Which third of the values each belongs to, small to large; equal values stay together."""
    edges = np.quantile(values, (1 / 3, 2 / 3))
    return tuple(names[place] for place in np.searchsorted(edges, values, side="left"))


@dataclass(frozen=True)
class Output(ABC):
    """The kind of output of a task: its losses, metrics, uncertainties and texts.

    headline: the metric that models are selected and compared by. good: in words, when an answer counts as right.
    error_name: what `error` is, and error_is_share whether it lies between 0 and 1; goodness_name: what `goodness` is.
    is_one_target: whether an answer is one of `targets`. keeps_logits: whether a sweep keeps the logits themselves.
    yes_or_no: whether each logit is a yes or no of its own, rather than one of several that exclude each other.
    shares_picture: whether regions are kinds of things, one for each pixel.
    may_be_empty: whether writing nothing is an answer. terms: what explains it, by names in the glossary.
    """

    kind: ClassVar[str]
    dense: ClassVar[bool] = False
    headline: ClassVar[str]
    good: ClassVar[str] = "the right answer"
    error_name: ClassVar[str] = "share of wrong answers"
    error_is_share: ClassVar[bool] = True
    goodness_name: ClassVar[str] = "accuracy"
    is_one_target: ClassVar[bool] = True
    keeps_logits: ClassVar[bool] = True
    yes_or_no: ClassVar[bool] = False
    shares_picture: ClassVar[bool] = False
    may_be_empty: ClassVar[bool] = False
    terms: ClassVar[tuple[str, ...]] = ("answer", "certainty", "change")
    lacks_classes: ClassVar[str] = ""  # why an answer has no probability for each class, in words

    @property
    @abstractmethod
    def channels(self) -> int:
        """How many logits a sample (or a pixel) has."""

    @property
    def output_metrics(self) -> Mapping[str, OutputMetric]:
        """The registered metrics of this kind of output, by name, the headline first."""
        found = metrics_for(self)
        return {self.headline: found[self.headline], **found}

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of the metrics, the headline first."""
        return tuple(self.output_metrics)

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value of the headline metric is better."""
        return self.output_metrics[self.headline].higher_is_better

    def logged(self, names: Collection[str]) -> str:
        """The first metric among these: what an older log has, whose headline was another; else the headline."""
        return next((name for name in self.metric_names if name in names), self.headline)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, where an answer is one of several; empty for any other kind."""
        return ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes, or the labels of which several may be right at once; empty for answers that have neither."""
        return self.class_names

    def of_label(self, name: str) -> Self:
        """This kind of answer with one of its labels only. Raises Unsupported where they exclude each other."""
        raise Unsupported("Only of several labels at once can one be looked at without the others.")

    @property
    def stored_target_shape(self) -> tuple[int, ...]:
        """The shape of what a sweep keeps of the truth of one sample."""
        return ()

    @property
    @abstractmethod
    def targets(self) -> tuple[str, ...]:
        """The explainable targets by index, in words."""

    @property
    @abstractmethod
    def guessing(self) -> tuple[str, float]:
        """A metric that is a share of 1, and its value for guessing."""

    @property
    def changed(self) -> str:
        """The phrase for a combination whose prediction differs from that of complete input."""
        return "change the prediction"

    def verdicts(self, known: bool) -> tuple[str, str, str]:
        """How an answer that is right, one that is not, and an input that matters are marked, in words; against the
        answer of complete input where the truth is not `known`."""
        good, bad = ("✓ right", "✗ wrong") if known else ("= as with all inputs", "≠ different")
        return good, bad, "removing it changes the prediction"

    def affordable(self, count: int, of_maps: int) -> int:
        """How many answers a step can afford: `of_maps` where each is a picture, `count` otherwise."""
        return of_maps if self.dense else count

    @property
    def scale(self) -> tuple[float, float]:
        """What a network's own numbers, small and about 0, mean as logits: one is `middle + step * number`."""
        return 0.0, 1.0

    @property
    def label_count(self) -> int:
        """The number of classes that `labels` distinguishes."""
        return self.channels

    @abstractmethod
    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """One loss per sample, `[B]`, whatever the kind."""

    @abstractmethod
    def uncertainty(self, logits: Tensor) -> Tensor:
        """The uncertainty of each answer, `[B]`: its entropy in nats if it has one."""

    @abstractmethod
    def certainty(self, logits: Tensor) -> Tensor:
        """How sure each answer is, in the shape of `logits` with one channel (DI-MML, docs/methods.md 3.3)."""

    def uncertainty_map(self, logits: Tensor) -> Tensor:
        """The uncertainty in the shape of `certainty`: an entropy in nats, or one minus the certainty."""
        return 1 - self.certainty(logits)

    @abstractmethod
    def histogram(self, logits: Tensor) -> Tensor:
        """How often each answer is given, `[K]`, summing to 1 (MMANet's miner, docs/methods.md 5.3)."""

    @abstractmethod
    def labels(self, target: Tensor) -> Tensor:
        """Classes `int64` of the samples `[B]` or pixels `[B, H, W]` (DI-MML's dimension separation).

        `[B, L]` are L divisions of the samples, each into `label_count` classes. Below 0 where the truth is not known.
        """

    def neutral_score(self, target: int) -> float:
        """The score that is neutral about the target: the prediction from no input at all."""
        return 0.0

    @abstractmethod
    def score(self, logits: Tensor, target: int) -> Tensor:
        """The scalar per sample, `[B]`, that attribution explains: a class, a region or the number."""

    def score_of_truth(self, logits: Tensor, target: Tensor) -> Tensor:
        """What speaks for the right answer, `[B]`: its logit; where there are no classes, all scores together."""
        return torch.stack([self.score(logits, index) for index in range(self.channels)]).sum(0)

    def score_of_answer(self, logits: Tensor) -> Tensor:
        """The score `[B]` of what each row answers: a sum over classes would hide what cancels out."""
        return logits.flatten(1).sum(1)

    @abstractmethod
    def support(self, logits: Tensor, whole: Tensor, target: int) -> NDArray[np.float64]:
        """How much the answer `whole`, logits of one sample, is still given by each of `logits [R, ...]`: `[R]`."""

    def class_of(self, value: Any) -> int:
        """The index of the predicted class; 0 if there are no classes."""
        return 0

    def target_of(self, value: Any) -> int:
        """The index in `targets` that explains a prediction of this value."""
        return self.class_of(value)

    def several(self, prediction: Prediction) -> tuple[str, ...]:
        """The labels of a prediction with two or more, in order; empty for any other."""
        return ()

    @abstractmethod
    def in_words(self, target: Any) -> str:
        """The truth of a sample, or what a sweep keeps of it, as `read` says it."""

    def parse(self, text: str) -> Any:
        """The target from a text. Raises DataError for an invalid text, Unsupported if targets are no texts."""
        raise Unsupported(f"{self.lacks_classes}, so it cannot be written in a cell.")

    def stacked(self, targets: Sequence[Any]) -> NDArray[Any]:
        """The targets of several samples as one array, `[N, ...]`."""
        return np.array(targets, np.float32)

    def value_of(self, target: Tensor) -> Any:
        """The target of one sample as a plain value."""
        return float(target)

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """The metrics of `metric_names` over all given samples; NaN for what cannot be computed from these."""
        kept, truth = self.summarise(logits, target), self.condense_target(target)
        return self.metrics_of(kept.cpu().numpy(), truth.cpu().numpy())

    def metrics_of(
        self, answers: NDArray[Any], truth: NDArray[Any], groups: Sequence[str] | None = None
    ) -> dict[str, float]:
        """The same, from what `summarise` and `condense_target` kept. Those that were not measured are left out.

        groups: what each sample belongs to, such as a volume; without them each sample stands by itself.
        """
        measured = {name: each for name, each in self.output_metrics.items() if each.is_measured(answers)}
        return {name: each.of(answers, truth, groups) for name, each in measured.items()}

    @abstractmethod
    def correct(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
        """Which answers, `[..., N, *kept]`, are right or good enough, `[..., N]`; `good` says what that means."""

    @abstractmethod
    def error(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        """The error of each prediction, `[..., N]`: 0 for a perfect one."""

    def goodness(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        """How good each answer is, `[..., N]`: 1 at best, or minus the error where that is no share."""
        return float(self.error_is_share) - self.error(answers, truth)

    def goodness_text(self, goodness: float) -> str:
        """A `goodness` as text."""
        return fixed(goodness, 2)

    @abstractmethod
    def uncertainties(self, answers: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Uncertainty scores of each answer by name, `[..., N]`: the larger, the less it should be trusted."""

    @abstractmethod
    def slices(self, truth: NDArray[Any]) -> dict[str, tuple[str, ...]]:
        """Ways to slice samples by their target: by name, the slice of each sample."""

    def belonging(self, truth: NDArray[Any], names: Sequence[str]) -> NDArray[np.bool_]:
        """Which samples have one of the labels `names`, bool `[N]`."""
        return np.isin(np.asarray(self.label_names)[truth.astype(np.int64)], names)

    def rankings(self, answers: NDArray[Any], truth: NDArray[Any]) -> Iterator[tuple[Any, NDArray[np.bool_]]]:
        """For each class, or of two for the second: what speaks for it, `[N]`, and which samples are of it."""
        raise Unsupported(f"{self.lacks_classes}, so nothing speaks for a class.")

    def recall_counts(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many samples have each of `label_names`, and of how many of them it is said: `[C]` found and there."""
        raise Unsupported(f"{self.lacks_classes}, so samples cannot be counted by classes.")

    def empty_answer(self, answers: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
        """What a sweep would keep of the answer to nothing, beside answers `[K, N, *kept]`; without elements where
        how often each answer is right says it."""
        return np.zeros(0)

    def decisions(self, answers: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which class each answer names and which is right, `[N]` each. Raises Unsupported for regions."""
        raise Unsupported(f"{self.lacks_classes}, so it names no class.")

    @property
    def counted(self) -> range:
        """The classes of `decisions` that a mean over classes includes."""
        return range(self.channels)

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

    @abstractmethod
    def read(self, logits: Tensor) -> Prediction:
        """The prediction for one sample, from its logits without a batch dimension."""

    def same(self, first: Prediction, second: Prediction) -> bool:
        """Whether two predictions are equal."""
        return first.answer == second.answer

    def right(self, prediction: Prediction, target: Any) -> bool:
        """Whether a prediction that is a single value is right."""
        return bool(prediction.value == target)

    def card(self) -> dict[str, Any]:
        """What a checkpoint stores about its output."""
        return {"kind": self.kind, **self.__dict__}

    def weighing(self, foreground: bool) -> Self:
        """The output with a loss in which what is rare in a picture, or a rare label, weighs more.

        Raises DataError for answers that have neither.
        """
        if foreground:
            raise DataError("Only regions and labels have a foreground.", "Leave foreground out.")
        return self

    @classmethod
    def from_card(cls, fields: Mapping[str, Any]) -> Self:
        """The output that `card` described, without its kind. Raises TypeError where it is incomplete."""
        return cls(**fields)
