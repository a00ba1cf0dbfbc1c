"""What holds for every measure of dominance. Raises AssertionError."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import combinations as choose
from typing import TypeVar

import numpy as np

from mmlab.analysis.base.input_swapping import no_progress
from mmlab.analysis.dominance.measure import (
    FAMILIES,
    MEASURES,
    MODEL,
    NEEDS,
    UNITS,
    Evidence,
    Measure,
    PairMeasure,
    Undefined,
)
from mmlab.analysis.dominance.probing import ProbeBudget, Probes, Probing
from mmlab.analysis.dominance.report import lattice_of
from mmlab.analysis.dominance.synthetic_tasks import SETS
from mmlab.inference.sweep import sweep
from mmlab.testing.method_contract import made
from mmlab.testing.toy_task import ToyTask

T = TypeVar("T")
COUNT = 3  # modalities of the toy
BUDGET = ProbeBudget(12, 6, 2, 1)


def check_measure(name: str) -> None:
    """A complete catalogue entry, and numbers with their steps for a model of three inputs, or why there are none."""
    kind = MEASURES[name]
    its_entry_is_complete(kind(name))
    evidence, probing = _asked()
    measure = kind(name)
    if not measure.suits(evidence.output):
        return
    if isinstance(measure, PairMeasure):
        each_pair_has_a_number_per_column(measure, evidence)
    else:
        each_modality_has_a_number_and_its_steps(measure, evidence, probing)


def its_entry_is_complete(measure: Measure | PairMeasure) -> None:
    """What the catalogue says of it, and that what it must find is of a synthetic data set that exists."""
    for text in ("title", "symbol", "question", "about", "source"):
        assert getattr(measure, text, ""), f"{measure.name} has no {text}"
    assert measure.family in FAMILIES, f"{measure.name}: there is no family '{measure.family}'"
    assert measure.unit in UNITS, f"{measure.name}: there is no unit '{measure.unit}'"
    assert measure.needs in NEEDS, f"{measure.name}: there is no need '{measure.needs}'"
    columns = len(measure.columns) if isinstance(measure, PairMeasure) else 2
    for truth in measure.truths:
        assert truth.data in SETS, f"{measure.name}: there is no synthetic data set '{truth.data}'"
        assert len(truth.expected) == columns, f"{measure.name} on {truth.data}: {columns} numbers are expected"
    if isinstance(measure, PairMeasure):
        names = [column.name for column in measure.columns]
        assert len(set(names)) == len(names) > 0, f"{measure.name}: columns have names of their own"


def each_modality_has_a_number_and_its_steps(measure: Measure, evidence: Evidence, probing: Probing) -> None:
    """`[M]` finite values, which are the means of those of the samples where it has such; steps for each."""
    if measure.needs == MODEL:
        found = {key: np.asarray(value) for key, value in measure.probe(probing).items()}
        evidence = _with_probes(evidence, probing, {measure.name: found})
    values = _or_why(measure, lambda: measure.values(evidence))
    if values is None:
        return
    assert values.shape == (COUNT,), f"{measure.name} gives {values.shape} for {COUNT} modalities"
    assert np.isfinite(values).all(), f"{measure.name} is not finite: where there is no value, raise Undefined"
    each = measure.per_sample(evidence)
    if each is not None:
        assert each.ndim == 2, f"{measure.name} per sample is {each.shape}, not [M, N]"
        assert np.allclose(each.mean(1), values, atol=1e-5), f"{measure.name}: its samples have another mean"
    assert measure.samples(evidence) > 0
    for modality in range(COUNT):
        steps = measure.derivation(evidence, modality)
        assert steps.lines, f"{measure.name} shows no steps"


def each_pair_has_a_number_per_column(measure: PairMeasure, evidence: Evidence) -> None:
    """As many numbers as columns for each two modalities, or the reason why there are none."""
    for first, second in choose(range(COUNT), 2):
        found = _or_why(measure, partial(measure.numbers, evidence, first, second))
        if found is None:
            continue
        assert len(found.numbers) == len(measure.columns), f"{measure.name} gives another count than its columns"
        assert np.isfinite([number.value for number in found.numbers]).all(), f"{measure.name} is not finite"


def _or_why(measure: Measure | PairMeasure, ask: Callable[[], T]) -> T | None:
    """What is asked for; None where it is Undefined for a reason that is given."""
    try:
        return ask()
    except Undefined as reason:
        if not str(reason):
            raise AssertionError(f"{measure.name} does not say why it has no value") from reason
        return None


@lru_cache(maxsize=1)
def _asked() -> tuple[Evidence, Probing]:
    """Answers of an untrained model on a toy, and the model."""
    task = ToyTask(count=COUNT)
    method, samples = made("dropout", count=COUNT).eval(), task.samples("test")
    evidence = Evidence(lattice_of(sweep(method, samples)), task.info.output, task.info.modalities)
    return evidence, Probing.of(method, samples.take(BUDGET.samples), BUDGET, 0, no_progress)


def _with_probes(evidence: Evidence, probing: Probing, found: dict[str, dict[str, np.ndarray]]) -> Evidence:
    ids, target = probing.samples.ids, probing.target
    swapped = np.zeros((2**COUNT, len(ids), evidence.output.channels))
    return Evidence(evidence.lattice, evidence.output, evidence.modalities, Probes(found, swapped, target, ids))
