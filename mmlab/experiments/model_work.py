"""Slow computations whose results are stored: each a job on one trained model, by name, in the order of the catalogue.

`evaluate --save`, `map` and `precompute` do them for many models at a time (`mmlab.experiments.model_jobs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmlab.analysis.dominance import perturbations
from mmlab.analysis.dominance.probing import ProbeBudget
from mmlab.analysis.embedding.maps import MapSettings
from mmlab.analysis.embedding.umap_worker import build_map
from mmlab.core.data_version import changed_since, fingerprint_of
from mmlab.core.errors import DataError, MmlabError, Unsupported
from mmlab.core.options import build
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.experiments.train_job import evaluate
from mmlab.inference import imputation
from mmlab.inference.predictor import Model
from mmlab.modalities.corruption import offered
from mmlab.storage import checkpoints, disk_cache

Options = Mapping[str, Any]
Progress = Callable[[float], None]
SWEEP, MAP = "sweep", "map"
ANY_DATA = "changed_data"  # option of a sweep: measured although the data are not those of the training


@dataclass(frozen=True)
class ModelWork:
    """title: what is done, for a progress bar; about: a sentence on what comes out.

    do: does it, and leaves it with the model or in the cache. kept: the files in the cache; none for what lies with
    the model.
    """

    title: str
    about: str
    do: Callable[[Reference, Options, Progress], None]
    kept: Callable[[Reference], Sequence[Path]] = lambda _: ()


def check_data(model: Model, name: str) -> None:
    """Samples that are tests now may have taught the model. Raises DataError."""
    if changed_since(model.card, fingerprint_of(model.task)):
        raise DataError(
            f"{name} was trained on another version of this data; what is a test sample now may have taught it.",
            "Train it again (train --restart), or measure it all the same with --changed-data.",
        )


def measured(model: Model, folder: Path, tell: Progress | None = None) -> dict[str, Any]:
    """Measure a model on every test set there is, and write its report and its sweep. Returns the report."""
    card = {name: value for name, value in model.card.items() if name != "format"}
    return evaluate(model.task, model.method, folder, model.digest, card, tell)


def _sweep(reference: Reference, options: Options, tell: Progress) -> None:
    model = Model.open(reference)
    if not options.get(ANY_DATA):
        check_data(model, reference.name)
    measured(model, Path(reference.path), tell)


def _map(reference: Reference, options: Options, tell: Progress) -> None:
    build_map(Path(reference.path), build(MapSettings, options), tell)


def _dominance(reference: Reference, options: Options, tell: Progress) -> None:
    model = Model.open(reference)
    effort = ProbeBudget.usual(model.method.output)
    if perturbations.stored(model.digest, effort) is None:
        found = perturbations.probe(model.method, model.task.samples("test"), effort, tell=tell)
        perturbations.keep(found, model.digest, effort)
        if perturbations.failed(found):
            raise MmlabError(
                "A measure failed, so that none was kept.", f"python -m mmlab dominance{_named(reference)}"
            )


def _named(reference: Reference) -> str:
    return f" --task {reference.task} --method {reference.method} --tag {reference.tag}"


def _dominance_kept(reference: Reference) -> list[Path]:
    effort = ProbeBudget.usual(TASKS[reference.task]().info.output)
    return [disk_cache.file_of(perturbations.name_of(_digest(reference), effort))]


def _imputation(reference: Reference, options: Options, tell: Progress) -> None:
    model = Model.open(reference)
    rules = [rule for rule in imputation.RULES if rule != imputation.NATIVE]
    for place, rule in enumerate(rules):
        if not imputation.stamp(model.digest, rule):
            imputation.compute(model, rule, on_progress=_part(tell, place, len(rules)))


def _imputation_kept(reference: Reference) -> list[Path]:
    digest = _digest(reference)
    return [imputation.file_of(digest, rule) for rule in imputation.RULES if rule != imputation.NATIVE]


def _validation(reference: Reference, options: Options, tell: Progress) -> None:
    model = Model.open(reference)
    if not model.task.info.output.keeps_logits:
        raise Unsupported("Answers that are pictures are not calibrated.", "Leave validation out.")
    if not imputation.stamp(model.digest, imputation.VALIDATION):
        imputation.compute_validation(model, tell)


def _validation_kept(reference: Reference) -> list[Path]:
    return [imputation.file_of(_digest(reference), imputation.VALIDATION)]


def _corruptions(reference: Reference, options: Options, tell: Progress) -> None:
    model, corruptions = Model.open(reference), list(_modalities_and_corruptions(reference.task))
    if not corruptions:
        raise Unsupported(f"No input of {reference.task} can be corrupted.", "Leave corruptions out.")
    for place, (modality, kind) in enumerate(corruptions):
        if not imputation.corrupted_stamp(model.digest, modality, kind):
            imputation.compute_corrupted(model, modality, kind, on_progress=_part(tell, place, len(corruptions)))


def _corruptions_kept(reference: Reference) -> list[Path]:
    digest = _digest(reference)
    return [
        file
        for found in _modalities_and_corruptions(reference.task)
        for file in imputation.corrupted_files(digest, *found)
    ]


def _modalities_and_corruptions(name: str) -> Iterator[tuple[str, str]]:
    task = TASKS[name]()
    return ((item.name, kind) for item in task.info.modalities for kind in offered(task, item))


def _digest(reference: Reference) -> str:
    return checkpoints.digest_of(Path(reference.path))


def _part(tell: Progress, place: int, count: int) -> Progress:
    return lambda share: tell((place + share) / count)


WORK: Mapping[str, ModelWork] = {
    SWEEP: ModelWork("Measuring", "its answers to the test samples under every combination, and its report", _sweep),
    MAP: ModelWork("Mapping", "one picture of its embeddings under every combination", _map),
    "dominance": ModelWork(
        "Predicting with swapped inputs", "what the measures of Dominance ask of it", _dominance, _dominance_kept
    ),
    "imputation": ModelWork(
        "Predicting under every imputation", "its answers under every rule of Imputation", _imputation, _imputation_kept
    ),
    "validation": ModelWork(
        "Predicting the validation split", "what When to trust is fitted on", _validation, _validation_kept
    ),
    "corruptions": ModelWork(
        "Predicting corrupted inputs",
        "its answers to every corruption at every severity",
        _corruptions,
        _corruptions_kept,
    ),
}
AHEAD = tuple(name for name in WORK if name not in (SWEEP, MAP))  # what pages compute when somebody asks for it
