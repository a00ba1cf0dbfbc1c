"""What a fact is: something true of a model or a sample that a lesson can ask for, computed when it is asked.

>>> @fact("answer", "What a model answers for a sample.")
... def answer(ask: Ask, source: FactSource) -> Finding: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.metric import higher_is_better, is_share
from mmlab.core.modality import Combination
from mmlab.core.number_text import fixed, percent
from mmlab.core.outputs import Prediction
from mmlab.core.reference import Reference
from mmlab.core.registry import Registry
from mmlab.core.results import Sweep
from mmlab.core.task import Task
from mmlab.inference.predictor import Model
from mmlab.lessons.lesson import Ask

BUILT_IN = "built-in"


@dataclass(frozen=True)
class Finding:
    """What was found. key: the option that is right; text: how it stands in a sentence."""

    key: str
    text: str


class FactSource(Protocol):
    """Where facts look: the app with its caches, or a library of models."""

    def task(self, name: str) -> Task:
        """Raises UnknownName."""

    def reference(self, ask: Ask) -> Reference:
        """The model that is meant. Raises UnknownName or CheckpointError."""

    def answers(self, ask: Ask) -> Mapping[str, Prediction]:
        """What it answers for the sample, by combination. Raises MmlabError."""

    def truth(self, ask: Ask) -> Any:
        """The right answer of the sample as the task keeps it. Raises DataError where it is not known."""

    def sweep(self, reference: Reference) -> Sweep:
        """Its answers to the test set. Raises CheckpointError."""

    def report(self, reference: Reference) -> Mapping[str, Any]:
        """What was measured of it. Raises CheckpointError."""

    def comparison(self, task: str, metric: str) -> Comparison:
        """All models of a task over their seeds, as Compare shows them. Raises UnknownName, CheckpointError."""

    def lend(self, reference: Reference) -> AbstractContextManager[Model]:
        """The model itself."""


@dataclass(frozen=True)
class Fact:
    """A fact by which questions are answered. about: what it says, and which fields of `Ask` it reads."""

    about: str
    find: Callable[[Ask, FactSource], Finding]


FACTS: Registry[Fact] = Registry("fact", "mmlab.lessons.facts")


def fact(
    name: str, about: str
) -> Callable[[Callable[[Ask, FactSource], Finding]], Callable[[Ask, FactSource], Finding]]:
    """Decorator that files a function from an `Ask` and a `FactSource` to a `Finding`."""

    def decorate(find: Callable[[Ask, FactSource], Finding]) -> Callable[[Ask, FactSource], Finding]:
        FACTS.register(name)(Fact(about, find))
        return find

    return decorate


def find(ask: Ask, source: FactSource) -> Finding:
    """What a fact finds. Raises MmlabError where it cannot be said here."""
    return FACTS[ask.fact].find(ask, source)


def combination(ask: Ask, source: FactSource, key: str | None = None) -> Combination:
    """The combination that is meant; all inputs where none is named. Raises UnknownName."""
    modalities = source.task(ask.task).info.modalities
    wanted = ask.inputs if key is None else key
    return modalities.parse(wanted) if wanted else modalities.full


def prediction(ask: Ask, source: FactSource) -> Prediction:
    """What the model answers from the inputs that are meant. Raises DataError where it has no such answer."""
    key = combination(ask, source).key
    found = source.answers(ask)
    if key not in found:
        raise DataError(f"{ask.sample} lacks one of the inputs {key}.", "Ask for inputs that it has.")
    return found[key]


def metric_of(ask: Ask, source: FactSource) -> str:
    """The metric that is meant: the headline of the task where none is named."""
    return ask.metric or source.task(ask.task).info.output.headline


def scores(ask: Ask, source: FactSource, model: str = "") -> dict[str, float]:
    """The metric by combination on the test set: the mean over the seeds, as Compare says it, or that of `run`.

    Raises CheckpointError, or UnknownName for what was not measured.
    """
    name, metric = model or ask.model, metric_of(ask, source)
    if ask.run:
        found = source.report(source.reference(replace(ask, model=name)))
        table = found.get("sources", {}).get(BUILT_IN, {}).get("metrics", {})
        kept = {key: float(row[metric]) for key, row in table.items() if metric in row}
    else:
        every = source.comparison(ask.task, metric)
        rows = [row for row in every.rows if row.name == name]
        kept = dict(zip(every.combinations, rows[0].score.tolist(), strict=True)) if rows else {}
    if not kept:
        raise UnknownName(f"'{metric}' was not measured for {name}.", "Ask for another metric, or train the model.")
    return kept


def best_of(values: Mapping[str, float], metric: str, worst: bool = False) -> str:
    """The name of the best value, or of the worst one."""
    is_highest = higher_is_better(metric) != worst
    return (max if is_highest else min)(values, key=values.__getitem__)


def as_text(value: float, metric: str) -> str:
    """A score as it is written: `93 %`, or `0.62`."""
    return percent(value) if is_share(metric) else fixed(value, 2)


def best_finding(values: Mapping[str, float], metric: str, worst: bool = False) -> Finding:
    """The name of the best value, or of the worst one, with that value as its text."""
    name = best_of(values, metric, worst)
    return Finding(name, as_text(values[name], metric))
