"""What a measure of dominance is: a formula with its catalogue entry, its derivation, and the ground truth it must
recover.

A measure is one file under `mmlab/analysis/dominance/measures/`, found because it is there:

    @MEASURES.register("alone")
    class Alone(Measure):
        title, symbol, question, about, source, family = ...
        def values(self, evidence): return stand_alone(evidence.scores)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.core.phrases import say
from mmlab.core.registry import Registry

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probes, Probing
    from mmlab.core.modality import Modalities
    from mmlab.core.outputs import Output

SHARE, NATS, NUMBER, RATIO, BITS = UNITS = ("share", "nats", "number", "ratio", "bits")
ALONE, TOGETHER, SWAPPED, INSIDE = FAMILIES = ("alone", "together", "swapped", "inside")
ANSWERS, MODEL = NEEDS = ("answers", "model")
LACKS_MODEL = "This needs the model itself, and only its answers are here."
BLIND_TIES = (
    "It counts answers only. Right alone leaves the model at 50 : 50, and the slightest tilt then decides all answers "
    "alike: they can be all right or all wrong. The row with probabilities sees through this."
)


class Undefined(Exception):
    """Why a measure has no value here, in a sentence."""


@dataclass(frozen=True)
class Truth:
    """What a measure must find on a synthetic data set (`synthetic_tasks.SETS`): for (left, right), or for each column
    of a pair, and the tolerance; the reason, in a sentence.

    blind: why the measure may miss it all the same; empty where it must not. of_data: the measure is taken of the data
    themselves, not of a model's answers (`PairMeasure.of_data`).
    """

    data: str
    expected: tuple[float, ...]
    within: float
    why: str
    blind: str = ""
    of_data: bool = False


@dataclass(frozen=True)
class Evidence:
    """The data behind the measures: the predictions for every combination, and queries to the model, if any."""

    lattice: Lattice
    output: Output
    modalities: Modalities
    probes: Probes | None = None

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The modalities in words."""
        return tuple(say(modality.label) for modality in self.modalities)

    @cached_property
    def tables(self) -> dict[str, Numbers]:
        """The payoff of each prediction, `[2**M, N]` by bit mask, by the payoff's name; "right" is always included."""
        from mmlab.analysis.dominance.payoffs import payoffs, value_table

        logits, target = self.lattice.logits, self.lattice.target
        return {each.name: value_table(self.output, logits, target, each.name) for each in payoffs(self.output)}

    @cached_property
    def scores(self) -> Numbers:
        """The share of right answers (right sides, Dice) of each combination, `[2**M]`."""
        return self.tables["right"].mean(1)

    def probed(self, name: str) -> Mapping[str, NDArray[Any]]:
        """What `Measure.probe` of that name found. Raises Undefined where the model was not asked."""
        found = None if self.probes is None else self.probes.found.get(name)
        if found is None:
            raise Undefined(LACKS_MODEL)
        if "problem" in found:
            raise Undefined(str(found["problem"]))
        return found


class CatalogueEntry:
    """The catalogue entry of a measure.

    title: the field's term; symbol: as in the papers; question: what it asks, in plain words; about: how it answers;
    source: the paper, with departures from it in `about`; family: what it considers, one of `FAMILIES` (one modality
    alone, what it adds to others, swapped inputs, the inside of the network); unit: one of `UNITS`; needs: the stored
    answers, or the model itself; order: its place in tables.
    """

    title: ClassVar[str]
    symbol: ClassVar[str] = ""
    question: ClassVar[str]
    about: ClassVar[str]
    source: ClassVar[str]
    family: ClassVar[str]
    unit: ClassVar[str] = SHARE
    needs: ClassVar[str] = ANSWERS
    order: ClassVar[int] = 1000
    truths: ClassVar[tuple[Truth, ...]] = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def suits(self, output: Output) -> bool:
        """Whether there is such a measure for a kind of answer; where not, no row is shown."""
        return True


class Measure(CatalogueEntry, ABC):
    """One number for each modality.

    ranks: whether a larger value means that the model relies on the modality more, so that it can be compared with
    other measures; version: increase it when `probe` changes, so that stored results are computed again.
    """

    ranks: ClassVar[bool] = True
    version: ClassVar[int] = 1

    @abstractmethod
    def values(self, evidence: Evidence) -> Numbers:
        """`[M]`. Raises Undefined with the reason where there is none."""

    def per_sample(self, evidence: Evidence) -> Numbers | None:
        """`[M, N]` whose means over samples are the values, for their interval; nothing where there is no such form."""
        return None

    def samples(self, evidence: Evidence) -> int:
        """How many samples the measure uses."""
        if self.needs == ANSWERS:
            return len(evidence.lattice.target)
        return 0 if evidence.probes is None else len(evidence.probes.ids)

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """The derivation of a modality's value, step by step."""
        line = (evidence.labels[modality], float(self.values(evidence)[modality]))
        return Arithmetic(say(self.about).rstrip("."), (say("input"), say("value")), (line,))

    def probe(self, probing: Probing) -> Mapping[str, NDArray[Any]]:
        """If `needs` is "model": queries to the model, run once, stored on disk and returned by `Evidence.probed`."""
        return {}


@dataclass(frozen=True)
class Number:
    """A value with its derivation; low and high: its 95 % interval over samples, NaN if there is none."""

    value: float
    arithmetic: Arithmetic
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Column:
    """One number of a pair: its name in exports, label, unit, and how to read its sign."""

    name: str
    label: str
    unit: str = SHARE
    note: str = ""


@dataclass(frozen=True)
class PairNumbers:
    """A number for each column; note: how they were found; details: what else an export tells."""

    numbers: tuple[Number, ...]
    note: str = ""
    details: Mapping[str, Any] | None = None


class PairMeasure(CatalogueEntry, ABC):
    """One or more numbers for each two modalities."""

    columns: ClassVar[tuple[Column, ...]]

    @abstractmethod
    def numbers(self, evidence: Evidence, first: int, second: int) -> PairNumbers:
        """One number per column. Raises Undefined with the reason where there is none."""

    def of_data(self, codes: NDArray[np.int64], target: NDArray[np.int64]) -> tuple[float, ...]:
        """The same numbers for the data themselves, `[2, N]`, if a `Truth` needs them."""
        raise Undefined("It is a measure of models, not of data.")


MEASURES: Registry[type[Measure] | type[PairMeasure]] = Registry("measure", "mmlab.analysis.dominance.measures")


def _ordered() -> list[str]:
    return sorted(MEASURES, key=lambda name: (MEASURES[name].order, name))


def measures() -> tuple[Measure, ...]:
    """Every measure of modalities, in the order of tables."""
    found = [(name, MEASURES[name]) for name in _ordered()]
    return tuple(kind(name) for name, kind in found if issubclass(kind, Measure))


def pair_measures() -> tuple[PairMeasure, ...]:
    """Every measure of pairs, in the order of tables."""
    found = [(name, MEASURES[name]) for name in _ordered()]
    return tuple(kind(name) for name, kind in found if issubclass(kind, PairMeasure))


def truths_of(data: str) -> tuple[tuple[Measure | PairMeasure, Truth], ...]:
    """The values that each measure must find on a synthetic data set."""
    every: tuple[Measure | PairMeasure, ...] = (*measures(), *pair_measures())
    return tuple((each, truth) for each in every for truth in each.truths if truth.data == data)
