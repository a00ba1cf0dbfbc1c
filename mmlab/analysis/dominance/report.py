"""The panel of measures: everything that says how much a model leans on each modality, side by side, under one rule for
what is absent. Every number carries the arithmetic that it came from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations as choose

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice, sweep_to_coalitions
from mmlab.analysis.base.statistics import paired_bootstrap
from mmlab.analysis.dominance import derivations as arithmetic
from mmlab.analysis.dominance.agreement import Agreement, agreement
from mmlab.analysis.dominance.catalogue import MEASURES, PAIRS, Measure
from mmlab.analysis.dominance.derivations import Arithmetic
from mmlab.analysis.dominance.measures import (
    conditional_utilisation,
    discrepancy_ratio,
    jain_index,
    leave_one_out,
    perceptual_score,
    stand_alone,
    utilisation_gap,
)
from mmlab.analysis.dominance.payoffs import value_table, worths
from mmlab.analysis.dominance.perturbations import Probes
from mmlab.analysis.dominance.pid import Estimate, pid_of_answers
from mmlab.analysis.dominance.shapley import interactions, shapley
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Classification, Output, Regression
from mmlab.core.outputs.segmentation import THERE
from mmlab.core.results import Sweep

PID_BINS = 4


@dataclass(frozen=True)
class Number:
    """A value with what it came from; low and high: its 95 % interval over samples, NaN where there is none."""

    value: float
    arithmetic: Arithmetic
    low: float = math.nan
    high: float = math.nan


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
    """Two modalities: their interaction, which of them they lean on, and what their answers know."""

    first: str
    second: str
    interaction: Number
    lean: Number
    pid: Estimate | None
    problem: str = ""


@dataclass(frozen=True)
class Panel:
    """All measures of one model. rule: what stands in for what is absent, nothing: for everything at once."""

    names: tuple[str, ...]
    rule: str
    nothing: str
    rows: tuple[Row, ...]
    pairs: tuple[PairRow, ...]
    agreement: Agreement
    evenness: float

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
    return replace(sweep_to_coalitions(found, empty), rule="no region at all")


def panel(lattice: Lattice, output: Output, modalities: Modalities, probes: Probes | None, rule: str) -> Panel:
    """The measures on a lattice of answers, and on what was probed; without `probes` those rows say what they need.

    rule: what stood in for an absent modality, in words. Raises UnknownName for values the output does not have.
    """
    labels = tuple(modality.label for modality in modalities)
    tables = {each.name: value_table(output, lattice.logits, lattice.target, each.name) for each in worths(output)}
    scores = tables["right"].mean(1)
    count = len(lattice.target)
    rows = [_shapley(f"shapley:{name}", table, labels) for name, table in tables.items()]
    rows += [_alone(scores, labels, count), _dropped(tables["right"], labels), _utilisation(scores, labels, count)]
    rows.append(_discrepancy(lattice, output, labels))
    rows += _probed(probes, labels)
    ranked = {row.measure.name: row.values for row in rows if row.measure.ranks and not row.problem}
    shares = shapley(tables["right"].mean(1)).clip(min=0)
    return Panel(
        lattice.names,
        rule,
        lattice.rule,
        tuple(rows),
        tuple(_pairs(lattice, output, tables["right"].mean(1), labels)),
        agreement(ranked, labels),
        jain_index(shares),
    )


def _shapley(name: str, table: Numbers, labels: Sequence[str]) -> Row:
    each, scores = shapley(table), table.mean(1)
    numbers = []
    for modality in range(len(labels)):
        mean, low, high = paired_bootstrap(each[modality], draws=500)
        numbers.append(Number(mean, arithmetic.of_shapley(scores, modality, labels), low, high))
    return Row(MEASURES[name], tuple(numbers), table.shape[1])


def _alone(scores: Numbers, labels: Sequence[str], count: int) -> Row:
    values = stand_alone(scores)
    numbers = (Number(float(v), arithmetic.of_alone(scores, m, labels)) for m, v in enumerate(values))
    return Row(MEASURES["alone"], tuple(numbers), count)


def _dropped(table: Numbers, labels: Sequence[str]) -> Row:
    scores = table.mean(1)
    numbers = []
    for modality, value in enumerate(leave_one_out(scores)):
        _, low, high = paired_bootstrap(table[-1] - table[len(table) - 1 - 2**modality], draws=500)
        numbers.append(Number(float(value), arithmetic.of_dropped(scores, modality, labels), low, high))
    return Row(MEASURES["dropped"], tuple(numbers), table.shape[1])


def _utilisation(scores: Numbers, labels: Sequence[str], count: int) -> Row:
    rates = conditional_utilisation(scores)[:, 1:]
    if np.isnan(rates).all(1).any():
        return Row(MEASURES["utilisation"], (), count, "There is no second input, or every score is 0.")
    numbers = (
        Number(float(value), arithmetic.of_utilisation(scores, m, labels))
        for m, value in enumerate(np.nanmean(rates, axis=1))
    )
    return Row(MEASURES["utilisation"], tuple(numbers), count)


def _discrepancy(lattice: Lattice, output: Output, labels: Sequence[str]) -> Row:
    measure, count = MEASURES["discrepancy"], len(lattice.target)
    if not isinstance(output, Classification):
        kind = "A number has no probability" if isinstance(output, Regression) else "The answer is a picture"
        return Row(measure, (), count, f"{kind}, so there is no ratio of probabilities.")
    logits, target = lattice.logits, lattice.target.astype(np.int64)
    try:
        values = discrepancy_ratio(logits, target)
    except ValueError as error:
        return Row(measure, (), count, str(error))
    numbers = (
        Number(float(value), arithmetic.of_discrepancy(logits, target, m, labels)) for m, value in enumerate(values)
    )
    return Row(measure, tuple(numbers), count)


def _probed(probes: Probes | None, labels: Sequence[str]) -> list[Row]:
    wanted = [MEASURES[name] for name in ("perceptual", "gradient", "cam", "emap")]
    if probes is None:
        return [
            Row(measure, (), 0, "This needs the model itself, and only its answers are here.") for measure in wanted
        ]
    count, score = len(probes.own), float(probes.own.mean())
    lost = perceptual_score(score, probes.permuted)
    makers: dict[str, tuple[int, Callable[[int], Number]]] = {
        "perceptual": (
            count,
            lambda m: Number(float(lost[m]), arithmetic.of_perceptual(score, probes.permuted[m], labels[m])),
        ),
        "gradient": (count, lambda m: _share(probes.gradient[:, m], labels[m])),
        "cam": (count, lambda m: _share(probes.cam[:, m], labels[m])),
        "emap": (
            probes.pairs,
            lambda m: Number(
                float(probes.paired[m, 0] - probes.paired[m, 1]), arithmetic.of_emap(probes.paired[m], labels[m])
            ),
        ),
    }
    rows = []
    for measure in wanted:
        samples, make = makers[measure.name]
        if measure.name in ("gradient", "cam") and bool(np.isnan(getattr(probes, measure.name)).all()):
            rows.append(Row(measure, (), 0, "No gradient reaches the answer of this model."))
            continue
        rows.append(Row(measure, tuple(make(m) for m in range(len(labels))), samples))
    return rows


def _share(values: Numbers, label: str) -> Number:
    mean, low, high = paired_bootstrap(values, draws=500)
    return Number(mean, arithmetic.of_share(values, label), low, high)


def _pairs(lattice: Lattice, output: Output, scores: Numbers, labels: Sequence[str]) -> list[PairRow]:
    together, lean = interactions(scores), utilisation_gap(scores)
    found = []
    for first, second in choose(range(len(labels)), 2):
        estimate, problem = _pid(lattice, output, first, second)
        found.append(
            PairRow(
                lattice.names[first],
                lattice.names[second],
                Number(float(together[first, second]), arithmetic.of_interaction(scores, first, second, labels)),
                Number(float(lean[first, second]), arithmetic.of_lean(scores, first, second, labels)),
                estimate,
                problem,
            )
        )
    return found


def _pid(lattice: Lattice, output: Output, first: int, second: int) -> tuple[Estimate | None, str]:
    """On the answers of each modality alone; numbers are put into thirds of the right ones, pictures are refused."""
    if output.dense:
        return None, "The answer is a picture: neighbouring pixels are no independent samples."
    target = lattice.target.astype(np.float64)
    if isinstance(output, Regression):
        edges = np.quantile(target, (1 / 3, 2 / 3))
        one, other = (np.digitize(lattice.logits[2**place][:, 0], edges) for place in (first, second))
        labels = np.digitize(target, edges)
    else:
        one, other = (lattice.logits[2**place].argmax(1) for place in (first, second))
        labels = target.astype(np.int64)
    for bins in range(PID_BINS, 1, -1):
        try:
            return pid_of_answers(one, other, labels, bins=bins), ""
        except DataError as error:
            problem = str(error)
    return None, problem


__all__ = ["PAIRS", "Number", "PairRow", "Panel", "Row", "lattice_of", "panel"]
