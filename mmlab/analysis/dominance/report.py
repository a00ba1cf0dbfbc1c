"""The table of measures: how much a model relies on each modality by every measure, under one rule for absent inputs.
Every number carries its derivation.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations as choose

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.clusters import Clusters
from mmlab.analysis.base.coalitions import Lattice, sweep_to_coalitions
from mmlab.analysis.base.statistics import paired_bootstrap
from mmlab.analysis.dominance.agreement import Agreement, agreement
from mmlab.analysis.dominance.contributions import jain_index
from mmlab.analysis.dominance.measure import (
    Evidence,
    Measure,
    Number,
    PairMeasure,
    PairNumbers,
    Undefined,
    measures,
    pair_measures,
)
from mmlab.analysis.dominance.measures.shapley import shapley
from mmlab.analysis.dominance.probing import Probes
from mmlab.core.errors import MmlabError
from mmlab.core.group_name import USUAL
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.core.outputs.segmentation import THERE
from mmlab.core.phrases import phrase, say
from mmlab.core.results import Sweep


@dataclass(frozen=True)
class Row:
    """One measure for every modality, or why there is none. samples: how many it was taken on."""

    measure: Measure
    numbers: tuple[Number, ...]
    samples: int
    problem: str = ""

    @property
    def values(self) -> Numbers:
        """`[M]`, empty where there is none."""
        return np.array([number.value for number in self.numbers])


@dataclass(frozen=True)
class PairRow:
    """Two modalities: by measure of pairs what it found, or why it found nothing."""

    first: str
    second: str
    found: Mapping[str, PairNumbers]
    problems: Mapping[str, str]

    def number(self, measure: str, column: int = 0) -> float:
        """One number of a pair; NaN if there is none."""
        return self.found[measure].numbers[column].value if measure in self.found else math.nan


@dataclass(frozen=True)
class DominanceReport:
    """All measures of one model. rule: what stands in for what is absent, nothing: for everything at once.

    clusters: which samples belong together; basis: what intervals rest on, or why there are none, for people.
    """

    names: tuple[str, ...]
    rule: str
    nothing: str
    rows: tuple[Row, ...]
    pair_measures: tuple[PairMeasure, ...]
    pairs: tuple[PairRow, ...]
    agreement: Agreement
    evenness: float
    clusters: Clusters
    basis: str

    def row(self, name: str) -> Row:
        """The row of a measure. Raises KeyError."""
        return {row.measure.name: row for row in self.rows}[name]


def lattice_of(found: Sweep) -> Lattice:
    """The answers of a sweep by bit mask. Nothing at all is answered as `lift` says, and for regions with no region.

    Raises DataError as `lift` does.
    """
    if found.logits.ndim < 4:
        return sweep_to_coalitions(found)
    there = found.target[found.present.all(1)]
    empty = np.zeros((*there.shape, found.logits.shape[-1]))
    empty[..., THERE] = there
    return replace(sweep_to_coalitions(found, empty), rule=phrase("no region at all"))


def dominance_report(
    lattice: Lattice, output: Output, modalities: Modalities, probes: Probes | None, rule: str, noun: str = USUAL
) -> DominanceReport:
    """The measures on a lattice of answers, and on what was probed; without `probes` those rows say what they need.

    rule: what stood in for an absent modality, in words; noun: what a group of samples is. A measure that fails says so
    in its row.
    """
    evidence = Evidence(lattice, output, modalities, probes)
    rows = tuple(_row(measure, evidence) for measure in measures() if measure.suits(output))
    ranked = {row.measure.name: row.values for row in rows if row.measure.ranks and not row.problem}
    of_pairs = tuple(measure for measure in pair_measures() if measure.suits(output))
    count, clusters = len(lattice.names), Clusters.of(lattice.groups)
    return DominanceReport(
        lattice.names,
        rule,
        lattice.rule,
        rows,
        of_pairs,
        tuple(_pair(of_pairs, evidence, first, second) for first, second in choose(range(count), 2)),
        agreement(ranked, evidence.labels),
        jain_index(shapley(evidence.scores).clip(min=0)),
        clusters,
        clusters.in_words(noun),
    )


def ranking(lattice: Lattice, output: Output, modalities: Modalities, probes: Probes | None) -> Agreement:
    """Which modality each measure ranks first, as in `dominance_report`, without intervals, pairs and derivations."""
    evidence = Evidence(lattice, output, modalities, probes)
    ranked = {}
    for measure in measures():
        if measure.ranks and measure.suits(output):
            with suppress(Exception):  # said in the row of the measure
                ranked[measure.name] = _valued(measure, evidence)
    return agreement(ranked, evidence.labels)


def _valued(measure: Measure, evidence: Evidence) -> Numbers:
    values = np.asarray(measure.values(evidence), np.float64)
    if values.shape != (len(evidence.labels),):
        raise ValueError(f"{len(values)} values for {len(evidence.labels)} inputs")
    return values


def _row(measure: Measure, evidence: Evidence) -> Row:
    try:
        samples, values = measure.samples(evidence), measure.values(evidence)
        each = measure.per_sample(evidence)
        bounds = _bounds(each, evidence)
        numbers = tuple(
            Number(float(value), measure.derivation(evidence, m), *bounds[m]) for m, value in enumerate(values)
        )
        if len(numbers) != len(evidence.labels):
            raise ValueError(f"{len(numbers)} values for {len(evidence.labels)} inputs")
    except Exception as error:
        return Row(measure, (), _samples(measure, evidence), _reason(measure, error))
    return Row(measure, numbers, samples)


def _samples(measure: Measure, evidence: Evidence) -> int:
    try:
        return measure.samples(evidence)
    except Exception:  # of a measure that failed already
        return 0


def _bounds(each: Numbers | None, evidence: Evidence) -> list[tuple[float, float]]:
    groups = None if each is None else _groups(each.shape[1], evidence)
    if each is None or groups is None:
        return [(math.nan, math.nan)] * len(evidence.labels)
    found = (paired_bootstrap(row, draws=500, groups=groups) for row in each)
    return [(low, high) for _, low, high in found]


def _groups(samples: int, evidence: Evidence) -> tuple[str, ...] | None:
    """The group of each sample of a measure, which is taken on the answers or on what was probed; None for others."""
    lattice, probes = evidence.lattice, evidence.probes
    if samples == len(lattice.ids):
        return lattice.groups
    if probes is None or samples % len(probes.ids):
        return None
    group = dict(zip(lattice.ids, lattice.groups, strict=True))
    return tuple(group.get(name, name) for name in probes.ids * (samples // len(probes.ids)))


def _pair(of_pairs: tuple[PairMeasure, ...], evidence: Evidence, first: int, second: int) -> PairRow:
    found, problems = {}, {}
    for measure in of_pairs:
        try:
            numbers = measure.numbers(evidence, first, second)
            if len(numbers.numbers) != len(measure.columns):
                raise ValueError(f"{len(numbers.numbers)} numbers for {len(measure.columns)} columns")
            found[measure.name] = numbers
        except Exception as error:
            problems[measure.name] = _reason(measure, error)
    names = evidence.lattice.names
    return PairRow(names[first], names[second], found, problems)


def _reason(measure: Measure | PairMeasure, error: Exception) -> str:
    """In a sentence why there is no number. Anything else than those two is a fault of the measure, a plug-in's say."""
    if isinstance(error, Undefined | MmlabError):
        return str(error.args[0])
    logging.getLogger(__name__).error("The measure '%s' failed", measure.name, exc_info=error)
    return say("It failed: {name}: {error}", name=type(error).__name__, error=error)
