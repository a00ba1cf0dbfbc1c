"""Validation of the measures on data with known ground truth: a small network is trained, measured as any other, and
compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mmlab.analysis.base.input_swapping import ProgressCallback, no_progress
from mmlab.analysis.dominance.measure import Measure, PairMeasure, Truth, truths_of
from mmlab.analysis.dominance.perturbations import OWN_RULE, ProbeBudget, probe
from mmlab.analysis.dominance.report import DominanceReport, dominance_report, lattice_of
from mmlab.analysis.dominance.synthetic_tasks import NAMES, SyntheticData, SyntheticTask, data_named
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.training_plan import Plan
from mmlab.inference.sweep import sweep
from mmlab.training.loop import Trainer

EPOCHS = 12
_kept: dict[tuple[str, int], SyntheticValidation] = {}


@dataclass(frozen=True)
class Verdict:
    """What one measure found, `found`, and whether it is where it must be."""

    measure: Measure | PairMeasure
    truth: Truth
    found: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """Whether every number is within the distance."""
        return all(abs(a - b) <= self.truth.within for a, b in zip(self.found, self.truth.expected, strict=True))


@dataclass(frozen=True)
class SyntheticValidation:
    """A data set, the measures of the network that was trained on it, and the verdicts."""

    report: DominanceReport
    verdicts: tuple[Verdict, ...]


def validate_measures(
    which: SyntheticData, method: str = "dropout", seed: int = 0, tell: ProgressCallback = no_progress
) -> SyntheticValidation:
    """Train on the data set (seconds on one core), measure, compare. Raises UnknownName for the method."""
    task = SyntheticTask(which)
    torch.manual_seed(seed)
    kind = METHODS[method]
    trained = kind(task.info, kind.Config())
    plan = Plan(epochs=EPOCHS, batch_size=64, learning_rate=1e-2)
    training, validation = task.samples("train"), task.samples("valid")
    trainer = Trainer(task, trained, plan, seed, None, torch.device("cpu"), {}, training, validation)
    for progress in trainer.epochs():
        tell(0.9 * (progress.epoch + 1) / EPOCHS)
    test = task.samples("test")
    probes = probe(trained, test, ProbeBudget(512, 128, 10, 1), seed)
    found = dominance_report(lattice_of(sweep(trained, test)), task.info.output, task.info.modalities, probes, OWN_RULE)
    tell(1.0)
    return SyntheticValidation(
        found, tuple(Verdict(each, truth, _found(found, each, truth, test)) for each, truth in truths_of(which.name))
    )


def validated(name: str, tell: ProgressCallback = no_progress) -> SyntheticValidation:
    """The same by the name of the set, once in a process: a lesson and the page that it shows look at one network.

    Raises UnknownName.
    """
    key = (name, EPOCHS)
    if key not in _kept:
        _kept[key] = validate_measures(data_named(name), tell=tell)
    return _kept[key]


def _found(made: DominanceReport, measure: Measure | PairMeasure, truth: Truth, test: Samples) -> tuple[float, ...]:
    """The numbers of a measure, for both modalities or for the columns of the pair; not a number where it has none."""
    if isinstance(measure, Measure):
        return tuple(number.value for number in made.row(measure.name).numbers) or (np.nan,) * len(NAMES)
    if truth.of_data:
        codes = np.stack([(test.inputs[name].mean(1) > 0).long().numpy() for name in NAMES])
        return measure.of_data(codes, test.target.numpy())
    return tuple(made.pairs[0].number(measure.name, column) for column in range(len(measure.columns)))
