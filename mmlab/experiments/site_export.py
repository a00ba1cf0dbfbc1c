"""Static pages of trained models: gathered from the library, written as a folder or as one archive."""

from __future__ import annotations

import io
import platform
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.dominance import export as dominance_export
from mmlab.analysis.dominance.model_panel import panel_of
from mmlab.analysis.dominance.report import Panel
from mmlab.analysis.robustness.per_sample_scores import Measure, grade
from mmlab.core.csv_file import as_csv
from mmlab.core.errors import DataError
from mmlab.core.group_name import group_name
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS, family
from mmlab.core.number_text import digits_of
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.core.version import __version__
from mmlab.experiments.site_map import site_map
from mmlab.inference.predictor import Model
from mmlab.storage import report_file, sweep_file
from mmlab.storage.atomic_files import write_atomically
from mmlab.viz.base import theme
from mmlab.viz.base.html_report import Fact
from mmlab.viz.dominance.measure_table import figure as written
from mmlab.viz.robustness import score_lattice
from mmlab.viz.site import pages
from mmlab.viz.site.content import DominanceRow, Input, Scale, Site, SiteModel

MOST_MODELS = 12
Tell = Callable[[str], None]


def site_of(references: Sequence[Reference], tell: Tell = lambda name: None, ask: bool = True) -> dict[str, bytes]:
    """The files of the pages of some models of one task, by their paths in the folder. tell: hears of each model.

    ask: whether measures of dominance may run the model; where not, they have a number if it was asked before.

    Raises DataError for no model, for too many and for those of several tasks, CheckpointError without answers.
    """
    if not references or len(references) > MOST_MODELS or len({each.task for each in references}) != 1:
        raise DataError("Static pages show models of one task.", f"Name 1 to {MOST_MODELS} of them.")
    models = []
    for place, reference in enumerate(references):
        tell(reference.name)
        models.append(_Measured(Model.open(reference), reference, place, ask))
    return pages.files(_site(models))


def write(files: Mapping[str, bytes], folder: Path) -> int:
    """Write them into a new or empty folder and return their size in bytes. Raises DataError for any other folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"'{folder}' is there already and not empty.", "Name a new folder.")
    for name, content in files.items():
        write_atomically(folder / name, content)
    return sum(map(len, files.values()))


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """The same as an archive that holds one folder."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return target.getvalue()


class _Measured:
    """One model with everything that was measured of it."""

    def __init__(self, model: Model, reference: Reference, place: int, ask: bool) -> None:
        self.task: Task = model.task
        self.reference, self.place = reference, place
        folder = Path(reference.path)
        self.sweep = sweep_file.read(folder, model.digest, model.task.info)
        graded = grade(self.sweep, model.task.info.output)
        self.measure: Measure = graded.measures[model.task.info.output.headline]
        self.basis = graded.clusters.in_words(group_name(model.task))
        self.masks = [graded.mask(each.key) for each in model.task.info.modalities.subsets()]
        self.panel: Panel = panel_of(model, folder, ask=ask)
        self.map = site_map(folder, self.sweep, model.task.info.output)
        self.report: Mapping[str, Any] = report_file.read(folder)
        self.digest = model.digest

    @property
    def title(self) -> str:
        """The method's title, and the run where it is not the first."""
        tag = self.reference.tag
        return METHODS[self.reference.method].title + (f" ({tag})" if tag != "seed0" else "")

    @property
    def scores(self) -> NDArray[np.float64]:
        """Of each combination, and the ends of its interval: `[K, 3]`."""
        return np.column_stack([self.measure.scores, self.measure.intervals])[self.masks]


def _site(models: Sequence[_Measured]) -> Site:
    task = models[0].task
    combinations = task.info.modalities.subsets()
    inputs = [
        Input(each.name, each.label, each.letter, theme.modality_colour(place))
        for place, each in enumerate(task.info.modalities)
    ]
    scale = _scale(models)
    return Site(
        title=f"{task.title}: what models do when inputs go missing",
        about=task.about,
        inputs=inputs,
        keys=[each.key for each in combinations],
        labels=[each.label for each in combinations],
        scale=scale,
        models=[_model(each, inputs, scale) for each in models],
        facts=_facts(task, models),
    )


def _scale(models: Sequence[_Measured]) -> Scale:
    measure = models[0].measure
    metric = METRICS[family(measure.name)[0]]
    values = [float(value) for each in models for value in each.scores[:, 0]]
    about = f": {metric.about}{'' if metric.higher_is_better else '; lower is better'}"
    return Scale(measure.name, metric.title, about, measure.is_share, measure.higher_is_better, digits_of(values, 3))


def _facts(task: Task, models: Sequence[_Measured]) -> list[Fact]:
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "scipy"))
    command = " ".join(f"--method {each.reference.method}" for each in models)
    return [
        Fact("Task", task.title),
        Fact("Test samples", f"{len(models[0].sweep.ids):,} (built-in)"),
        Fact("Made", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        Fact("With", f"mmlab {__version__}, Python {platform.python_version()}, {packages}"),
        Fact("Made again by", f"python -m mmlab export --task {task.name} {command} --site FOLDER"),
    ]


def _model(found: _Measured, inputs: Sequence[Input], scale: Scale) -> SiteModel:
    card: Mapping[str, Any] = found.report["card"]
    scores, name = found.scores, f"{found.reference.method}-{found.reference.tag}"
    rows = [
        (combination.key, *(float(value) for value in row))
        for combination, row in zip(found.task.info.modalities.subsets(), scores, strict=True)
    ]
    note = f"{found.reference.name}, digest {found.digest[:16]}. {found.basis}"
    paper = METHODS[found.reference.method].paper
    return SiteModel(
        name=name,
        title=found.title,
        colour=theme.method_colour(found.place),
        scores=scores[:, 0].tolist(),
        low=scores[:, 1].tolist(),
        high=scores[:, 2].tolist(),
        basis=f"{scale.title} on {found.measure.samples:,} test samples with every input. {found.basis}",
        lattice=_lattice(found, inputs, scale),
        embedding=found.map,
        dominance=[_dominance(row) for row in found.panel.rows],
        dominance_note=f"What is absent is {found.panel.rule}. {found.panel.basis}",
        facts=[
            *([Fact("Method", paper)] if paper else []),
            Fact("Run", f"{found.reference.name}, seed {card.get('seed', '?')}"),
            Fact("Digest", found.digest),
            Fact("Trained", _trained(card)),
        ],
        csv={
            f"{name}-combinations.csv": as_csv(("combination", found.measure.name, "low", "high"), rows, note=note),
            f"{name}-dominance.csv": dominance_export.as_csv(found.panel).decode(),
        },
    )


def _trained(card: Mapping[str, Any]) -> str:
    made, versions = str(card.get("made", ""))[:10], card.get("versions")
    used = ", ".join(f"{name} {each}" for name, each in versions.items()) if isinstance(versions, Mapping) else ""
    return ", ".join(part for part in (made, f"with {used}" if used else "", str(card.get("device", ""))) if part)


def _lattice(found: _Measured, inputs: Sequence[Input], scale: Scale) -> str:
    combinations = found.task.info.modalities.subsets()
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


def _dominance(row: Any) -> DominanceRow:
    measure = row.measure
    cells = [written(number.value, measure.unit) for number in row.numbers]
    return DominanceRow(measure.title, measure.question, row.samples, cells, row.problem)
