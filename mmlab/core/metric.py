"""What a metric is, and the registry of metrics. Adding one is one file under `mmlab/metrics/`.

A metric is computed in one place, from what a sweep keeps of the answers (`Output.summarise`) and of the truth
(`Output.condense_target`): reports, comparisons and the Robustness page all ask the same object. What cannot be
computed, such as the rate of a class without samples, is not a number: a dash on the screen, empty in CSV, null in
JSON, and left out of means.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from mmlab.core.errors import PluginError
from mmlab.core.modality import NAME
from mmlab.core.registry import Registry

Numbers = NDArray[np.float64]


class HasKind(Protocol):
    """As much of an output as decides which metrics it has."""

    @property
    def kind(self) -> str:
        """The kind of answer."""

    @property
    def shares_picture(self) -> bool:
        """Whether regions are kinds of things, one for each pixel of a picture."""


Answered = TypeVar("Answered", bound=HasKind, contravariant=True, default=Any)


class Metric(ABC, Generic[Answered]):
    """One metric, or one that an output has several of: as it is (the part "") and for each part, such as a region.

    title, about: its name for people, and in a plain sentence what it says (to follow a colon).
    kinds:    the kinds of output that it applies to. order: its place among the metrics of an output, small first.
    is_share: whether it is a fraction of something, fit to be written in percent; unit: of one that is none.
    of_pictures: title and about where regions lie in pictures and not in slices of scans; empty where it is the same.
    of_shared_pictures: of regions that are kinds of things, one for each pixel: True where it is for these alone, False
        where it is not for them, None where it makes no difference.
    """

    title: ClassVar[str]
    about: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    higher_is_better: ClassVar[bool] = True
    is_share: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    order: ClassVar[int] = 100
    of_pictures: ClassVar[tuple[str, str]] = ("", "")
    of_shared_pictures: ClassVar[bool | None] = None

    @classmethod
    def is_for(cls, output: HasKind) -> bool:
        """Whether an output has it: one of these kinds, unless the metric says more."""
        return output.kind in cls.kinds and cls.of_shared_pictures in (None, output.shares_picture)

    def parts(self, output: Answered) -> tuple[str, ...]:
        """What it is given for: "" for the metric as it is, and the parts that have one of their own."""
        return ("",)

    def is_measured(self, answers: NDArray[Any], part: str, output: Answered) -> bool:
        """Whether a sweep kept what the metric takes."""
        return True

    @abstractmethod
    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Answered, part: str
    ) -> Numbers:
        """The metric `[D]` when sample i of `answers [N, ...]` counts `counts[d, i]` times; NaN where there is none."""


class GroupMetric(Metric[Answered]):
    """A metric of groups of samples, such as the slices of a volume, each taken together."""

    @abstractmethod
    def weighted_groups(
        self,
        answers: NDArray[Any],
        truth: NDArray[Any],
        counts: Numbers,
        groups: NDArray[np.integer],
        output: Answered,
        part: str,
    ) -> Numbers:
        """As `weighted`, of samples that belong to `groups [N]`, numbered from 0 without a gap."""

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Answered, part: str
    ) -> Numbers:
        """Where nothing is known of groups, each sample is one."""
        return self.weighted_groups(answers, truth, counts, np.arange(len(truth)), output, part)


class MeanMetric(Metric[Answered]):
    """A metric that is a mean over samples, or the mean of such means over sets of samples that count alike."""

    @abstractmethod
    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Answered, part: str) -> Numbers:
        """The value of each sample in each set, `[G, N]`; NaN where a sample is not in a set."""

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Answered, part: str
    ) -> Numbers:
        return mean_of([weighted_mean(row, counts) for row in self.values(answers, truth, output, part)])


@dataclass(frozen=True)
class OutputMetric:
    """A metric of one output, under its whole name: `accuracy`, or `dice_core` for a part."""

    name: str
    metric: Metric[Any]
    output: Any
    part: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better."""
        return self.metric.higher_is_better

    @property
    def is_share(self) -> bool:
        """Whether it is written in percent."""
        return self.metric.is_share

    def is_measured(self, answers: NDArray[Any]) -> bool:
        """Whether a sweep kept what it takes."""
        return self.metric.is_measured(answers, self.part, self.output)

    def of(self, answers: NDArray[Any], truth: NDArray[Any], groups: Sequence[str] | None = None) -> float:
        """The metric over all samples, `[N, ...]` each; NaN where there is none.

        groups: what each sample belongs to, for metrics that take the samples of a group together.
        """
        return float(self.weighted(answers, truth, np.ones((1, len(truth))), groups)[0])

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, groups: Sequence[str] | None = None
    ) -> Numbers:
        """The metric `[D]` when sample i counts `counts[d, i]` times; NaN where there is none."""
        if groups is None or not isinstance(self.metric, GroupMetric):
            return self.metric.weighted(answers, truth, counts, self.output, self.part)
        codes = np.unique(np.asarray(groups), return_inverse=True)[1]
        return self.metric.weighted_groups(answers, truth, counts, codes, self.output, self.part)

    def per_sample(self, answers: NDArray[Any], truth: NDArray[Any]) -> Numbers:
        """The value of each sample, `[N]`, of a metric that is a mean over samples; empty for any other."""
        if not isinstance(self.metric, MeanMetric):
            return np.zeros(0)
        return mean_of(self.metric.values(answers, truth, self.output, self.part))

    def is_plain_share(self, answers: NDArray[Any], truth: NDArray[Any]) -> bool:
        """Whether it is how many of one set of samples are something, and nothing else."""
        if not isinstance(self.metric, MeanMetric):
            return False
        values = self.metric.values(answers, truth, self.output, self.part)
        return len(values) == 1 and bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())


def weighted_mean(values: Numbers, counts: Numbers) -> Numbers:
    """The mean `[D]` of the values `[N]` that are not NaN, weighted `[D, N]`; NaN where none has any weight."""
    there = ~np.isnan(values)
    weight = counts[:, there].sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts[:, there] @ values[there] / weight)


def mean_of(values: Any) -> Numbers:
    """The mean over the first axis of what is a number; NaN where nothing is."""
    array = np.asarray(values, np.float64)
    there = ~np.isnan(array)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, array, 0.0).sum(0) / there.sum(0))


def _check(name: str, metric: type[Metric[Any]]) -> None:
    """Raises PluginError for a metric that lacks what pages and tables ask of it."""
    if not NAME.fullmatch(name):
        raise PluginError(f"'{name}' is no name for a metric.", "Use lower-case letters, digits and '_'.")
    missing = [field for field in ("title", "about", "kinds") if not getattr(metric, field, None)]
    if missing:
        raise PluginError(f"The metric '{name}' has no {' and no '.join(missing)}.", "Name it in the class.")


METRICS: Registry[type[Metric[Any]]] = Registry("metric", "mmlab.metrics", check=_check)


def metrics_for(output: HasKind) -> dict[str, OutputMetric]:
    """Every metric of an output, by its whole name, in order."""
    of_every_kind = [(name, METRICS[name]) for name in METRICS]
    kinds = {name: metric() for name, metric in of_every_kind if metric.is_for(output)}
    found = {}
    for name, metric in sorted(kinds.items(), key=lambda item: (item[1].order, item[0])):
        for part in metric.parts(output):
            whole = f"{name}_{part}" if part else name
            found[whole] = OutputMetric(whole, metric, output, part)
    return found


def family(name: str) -> tuple[str, str]:
    """The registered metric that a whole name is of, and the part: `("hd95", "core")`. Both empty for one of nobody."""
    pieces = name.split("_")
    for size in range(len(pieces), 0, -1):
        start = "_".join(pieces[:size])
        if start in METRICS:
            return start, "_".join(pieces[size:])
    return "", ""


def higher_is_better(name: str) -> bool:
    """Whether more of the metric with this whole name is better; so it is of one that nobody registered."""
    start, _ = family(name)
    return METRICS[start].higher_is_better if start else True


def is_share(name: str) -> bool:
    """Whether the metric with this whole name is written in percent; so is one that nobody registered."""
    start, _ = family(name)
    return METRICS[start].is_share if start else True
