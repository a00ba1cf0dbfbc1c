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

from mmlab.analysis.dominance import export as dominance_export
from mmlab.core.csv_file import as_csv
from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.reference import Reference
from mmlab.core.task import Task, of_source
from mmlab.core.version import __version__
from mmlab.experiments.measured_model import MeasuredModel, dominance_rows, lattice_svg, scale_of, site_inputs
from mmlab.inference.predictor import Model
from mmlab.storage.atomic_files import write_atomically
from mmlab.viz.base import theme
from mmlab.viz.base.html_report import Fact
from mmlab.viz.site import pages
from mmlab.viz.site.content import Scale, Site, SiteModel

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
    for reference in references:
        tell(reference.name)
        models.append(MeasuredModel(Model.open(reference), reference, ask))
        _ = models[-1].panel  # what takes time, while its name is told
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


def _site(models: Sequence[MeasuredModel]) -> Site:
    task = models[0].task
    combinations = task.info.modalities.subsets()
    inputs, scale = site_inputs(task.info.modalities), scale_of(models)
    return Site(
        title=f"{task.title}: what models do when inputs go missing",
        about=task.about,
        inputs=inputs,
        keys=[each.key for each in combinations],
        labels=[each.label for each in combinations],
        scale=scale,
        models=[_model(each, place, scale) for place, each in enumerate(models)],
        facts=_facts(task, models),
    )


def _facts(task: Task, models: Sequence[MeasuredModel]) -> list[Fact]:
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "scipy"))
    command = " ".join(f"--method {each.reference.method}" for each in models)
    return [
        Fact("Task", task.title),
        Fact("Test samples", f"{len(models[0].sweep.ids):,}{of_source(task, 'built-in')}"),
        Fact("Made", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        Fact("With", f"mmlab {__version__}, Python {platform.python_version()}, {packages}"),
        Fact("Made again by", f"python -m mmlab export --task {task.name} {command} --site FOLDER"),
    ]


def _model(found: MeasuredModel, place: int, scale: Scale) -> SiteModel:
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
        colour=theme.method_colour(place),
        scores=scores[:, 0].tolist(),
        low=scores[:, 1].tolist(),
        high=scores[:, 2].tolist(),
        basis=f"{scale.title} on {found.measure.samples:,} test samples with every input. {found.basis}",
        lattice=lattice_svg(found, scale),
        embedding=found.embedding,
        dominance=dominance_rows(found.panel),
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
