"""One trained model with its results, as shown by static pages and notebooks: the numbers of the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.dominance.model_report import model_report
from mmlab.analysis.dominance.report import DominanceReport
from mmlab.analysis.robustness.per_sample_scores import Measure, PerSampleScores, grade
from mmlab.core.group_name import group_name
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS, family
from mmlab.core.modality import Modalities
from mmlab.core.number_text import digits_of
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.core.task import Task
from mmlab.experiments.site_map import site_map
from mmlab.inference.predictor import Model
from mmlab.storage import report_file, sweep_file
from mmlab.viz.base import theme
from mmlab.viz.dominance.measure_table import figure
from mmlab.viz.robustness import score_lattice
from mmlab.viz.site.content import DominanceRow, EmbeddingMap, Input, Scale


@dataclass(frozen=True)
class MeasuredModel:
    """A model of the library. ask: whether measures of dominance may run it, see `model_report`.

    Everything is read or computed when it is asked for first. Raises CheckpointError without stored answers.
    """

    model: Model
    reference: Reference
    ask: bool = True

    @property
    def task(self) -> Task:
        """What it was trained for."""
        return self.model.task

    @property
    def digest(self) -> str:
        """Of its checkpoint."""
        return self.model.digest

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(self.reference.path)

    @property
    def title(self) -> str:
        """The method's title, and the run where it is not the first."""
        tag = self.reference.tag
        return METHODS[self.reference.method].title + (f" ({tag})" if tag != "seed0" else "")

    @cached_property
    def sweep(self) -> Sweep:
        """Its stored answers."""
        return sweep_file.read(self.folder, self.digest, self.task.info)

    @cached_property
    def graded(self) -> PerSampleScores:
        """The answers, graded."""
        return grade(self.sweep, self.task.info.output)

    @property
    def measure(self) -> Measure:
        """The headline metric."""
        return self.graded.measures[self.task.info.output.headline]

    @property
    def basis(self) -> str:
        """What intervals rest on, or why there are none."""
        return self.graded.clusters.in_words(group_name(self.task))

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Of each combination, in the order of `Modalities.subsets`, and the ends of its interval: `[K, 3]`."""
        masks = [self.graded.mask(each.key) for each in self.task.info.modalities.subsets()]
        return np.column_stack([self.measure.scores, self.measure.intervals])[masks]

    @cached_property
    def panel(self) -> DominanceReport:
        """The measures of dominance."""
        return model_report(self.model, self.folder, ask=self.ask)

    @cached_property
    def embedding(self) -> EmbeddingMap:
        """Its map."""
        return site_map(self.folder, self.sweep, self.task.info.output)

    @cached_property
    def report(self) -> Mapping[str, Any]:
        """Its report."""
        return report_file.read(self.folder)


def site_inputs(modalities: Modalities) -> list[Input]:
    """The modalities with their colours."""
    return [
        Input(each.name, each.label, each.letter, theme.modality_colour(place)) for place, each in enumerate(modalities)
    ]


def scale_of(models: Sequence[MeasuredModel]) -> Scale:
    """How the scores of models of one task are written."""
    measure = models[0].measure
    metric = METRICS[family(measure.name)[0]]
    values = [float(value) for each in models for value in each.scores[:, 0]]
    about = f": {metric.about}{'' if metric.higher_is_better else '; lower is better'}"
    return Scale(measure.name, metric.title, about, measure.is_share, measure.higher_is_better, digits_of(values, 3))


def lattice_svg(found: MeasuredModel, scale: Scale) -> str:
    """All combinations of the test set with their scores, as on Robustness."""
    combinations, inputs = found.task.info.modalities.subsets(), site_inputs(found.task.info.modalities)
    scored = []
    for combination, (score, low, high) in zip(combinations, found.scores.tolist(), strict=True):
        bounds = scale.bounds(low, high)
        words = f"{combination.label}: {scale.text(score)}{f' ({bounds})' if bounds else ''}"
        scored.append(score_lattice.Scored(combination.names, score, low, high, scale.text(score), words))
    frame = score_lattice.Frame(
        letters={each.name: each.letter for each in inputs},
        colours={each.name: each.colour for each in inputs},
        selected=combinations[-1].key,
        higher_is_better=scale.higher_is_better,
        is_share=scale.is_share,
    )
    return score_lattice.svg(scored, frame, f"{scale.title} of every combination, {found.title}")


def dominance_rows(panel: DominanceReport) -> list[DominanceRow]:
    """The measures as text."""
    rows = []
    for row in panel.rows:
        cells = [figure(number.value, row.measure.unit) for number in row.numbers]
        rows.append(DominanceRow(row.measure.title, row.measure.question, row.samples, cells, row.problem))
    return rows
