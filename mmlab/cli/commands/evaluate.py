"""`evaluate`: measure a trained model again, on every combination."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.cli.common_options import (
    AtATime,
    Carrier,
    Checkpoints,
    Cpus,
    Data,
    Device,
    EngineName,
    Gpus,
    Json,
    Machines,
    Tag,
    opened,
    settle,
)
from mmlab.cli.console import bar, emit, number, say, table
from mmlab.cli.model_jobs import SomeMethod, SomeTask, carry_out, chosen, raise_for_failed
from mmlab.core.errors import DataError
from mmlab.core.group_name import group_name
from mmlab.core.untrained import sentence, untrained
from mmlab.storage.library import Library

if TYPE_CHECKING:
    from mmlab.core.reference import Reference
    from mmlab.core.task import Task
    from mmlab.inference.predictor import Model


MOST_COLUMNS = 24


class Where(StrEnum):
    """Which test set."""

    BUILT_IN = "built-in"
    REAL = "real"


def command(
    task: SomeTask = "",
    method: SomeMethod = "",
    tag: Tag = "",
    source: Annotated[Where, typer.Option(help="The built-in test set, or real recordings.")] = Where.BUILT_IN,
    missing: Annotated[
        str,
        typer.Option(
            help="Drop inputs of test samples: 0.3 for all, image=0.5,sound=0.1, shared or imbalanced; a rule such as "
            "id:0.3; or the file of a missing table."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of --missing.")] = 0,
    changed_data: Annotated[
        bool, typer.Option("--changed-data", help="Evaluate even if the data has changed since training.")
    ] = False,
    save: Annotated[bool, typer.Option("--save", help="Save the report and the sweep beside the checkpoint.")] = False,
    processes: AtATime = 0,
    engine: EngineName = Carrier.PROCESSES,
    cpus: Cpus = 1.0,
    gpus: Gpus = 0.0,
    json: Json = False,
    data: Data = None,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Recompute a model's metrics from its checkpoint, for each combination and on average.

    With --save, also for all models of a task or a method, several at a time; an interrupted run continues.
    """
    library = settle(opened(task, data), device, checkpoints)
    if save and missing:
        raise DataError("A report is about complete test samples.", "Use --missing without --save.")
    machines = Machines(engine, processes, cpus, gpus)
    if engine is Carrier.RAY or not (task and method):
        _measure_many(library, task, method, tag, save, changed_data, machines, json)
        return
    reference = library.find(task, method, tag)
    with bar(f"Loading {reference.name}", None):
        from mmlab.core.task import of_source
        from mmlab.experiments.model_work import check_data
        from mmlab.inference.device import one_thread
        from mmlab.inference.predictor import Model

        one_thread()
        model = Model.open(reference)
    if not changed_data:
        check_data(model, reference.name)
    if source.value not in model.task.sources():
        raise DataError(
            f"There are no real recordings for {task} here.", "Name their folder with --data or MMLAB_DATA."
        )
    found = _saved(model, reference.path, source.value) if save else _measured(model, source.value, missing, seed)
    found |= {} if missing or source is not Where.BUILT_IN else _reference_models(task, library, model.task)
    _tell(found, model, f"{reference.name}, {found['samples']} test samples{of_source(model.task, source)}", json)


def _tell(found: dict[str, Any], model: Model, title: str, json: bool) -> None:
    """Everything, and which inputs the model never saw."""
    never = untrained(model.card)
    found |= {"untrained": list(never)} if never else {}
    found |= {"headline": model.task.info.output.headline, "interval": _basis(model.task, found)}
    if json:
        emit(found)
        return
    _print(found, title)
    if told := sentence(never, model.task.info.modalities):
        say(told)


def _print(found: dict[str, Any], title: str) -> None:
    """The scores as a table, the headline with its intervals, and what these rest on."""
    names, sure, plain = list(found["mean"])[:MOST_COLUMNS], found["intervals"], found.get("reference_models", {})
    counts = {key: str(count) for key, count in found.get("counts", {}).items()}
    rows = [
        (key, *(number(row[name]) for name in names), _bounds(sure.get(key)), *_plain(plain, key), counts.get(key, ""))
        for key, row in found["metrics"].items()
    ]
    none = [""] * len(plain)
    rows += [(key, *("-" for _ in names), "", *none, "0") for key in counts if key not in found["metrics"]]
    rows.append(("mean", *(number(found["mean"][name]) for name in names), "", *none, ""))
    if nothing := found.get("nothing"):
        cells = (number(nothing[name]) if name in nothing else "-" for name in names)
        rows.append(("an empty answer", *cells, "", *none, str(found["samples"])))
    if "as_they_are" in found:
        cells = (number(found["as_they_are"][name]) for name in names)
        rows.append(("as they are", *cells, "", *none, str(found["samples"])))
    head = ("present", *names, f"{found['headline']}, 95 %", *plain, "samples")
    head = head if counts else head[:-1]
    table(title, head, [row[: len(head)] for row in rows])
    if len(found["mean"]) > MOST_COLUMNS:
        say(f"{len(found['mean']) - MOST_COLUMNS} more metrics, of single regions: --json")
    say(found["interval"])
    if plain:
        say(f"{' and '.join(plain)}: the {found['headline']} of plain models on the same inputs.")
    for key, worst in found.get("worst_class", {}).items():
        if worst["fails"]:
            found_in = f"{number(worst['accuracy'])} of the {worst['samples']} samples that are of it"
            say(f"'{worst['name']}' fails with {key}: it is found in {found_in}.")


def _plain(reference_models: dict[str, dict[str, float]], key: str) -> list[str]:
    return [number(table[key]) if key in table else "-" for table in reference_models.values()]


def _reference_models(name: str, library: Library, task: Task) -> dict[str, Any]:
    """What plain models score on the same test samples, where that is known or found in seconds."""
    with bar("Fitting a linear model and a forest", None):
        from mmlab.experiments import baselines

        found = baselines.reference_scores(name, library, task.info.output.headline)
    return {"reference_models": found, "yardsticks": found} if found else {}  # the second: its earlier name


def _bounds(interval: list[float] | None) -> str:
    low, high = interval or (math.nan, math.nan)
    return f"{number(low)} to {number(high)}" if math.isfinite(low) else "-"


def _basis(task: Task, found: dict[str, Any]) -> str:
    """What the intervals of the headline rest on, in words."""
    from mmlab.analysis.base.clusters import in_words

    return in_words(found["groups"], found["samples"], group_name(task))


def _measured(model: Model, source: str, missing: str, seed: int) -> dict[str, Any]:
    from mmlab.experiments.train_job import summary
    from mmlab.inference.sweep import sweep
    from mmlab.training.missing_data import metrics_as_given, missing_shares, with_missing

    with bar("Reading the test set", None) as shown:
        modalities = model.task.info.modalities
        complete = model.task.samples("test", source)  # type: ignore[arg-type]
        samples = with_missing(complete, model.task.info, missing, seed)
        shown.start("Evaluating", 1.0)
        found = sweep(model.method, samples, digest=model.digest, on_progress=shown.move)
    measured = summary(found, model.method)
    if not samples.present.all():
        measured["missing"] = missing_shares(samples, modalities)
        measured["as_they_are"] = metrics_as_given(found, model.method.output, modalities)
    return measured


def _saved(model: Model, folder: str, source: str) -> dict[str, Any]:
    """As `_measured`, on every test set there is, and kept beside the checkpoint."""
    from mmlab.experiments.model_work import measured

    with bar("Evaluating and saving", 1.0) as shown:
        report = measured(model, Path(folder), shown.move)
    return dict(report["sources"][source])


def _measure_many(
    library: Library, task: str, method: str, tag: str, save: bool, changed: bool, machines: Machines, json: bool
) -> None:
    """Measure the models of a task, a method and a run, or all, and keep what is found."""
    if not save:
        raise DataError("Which model?", "Name --task and --method, or add --save to measure several and keep it.")
    from mmlab.experiments import model_jobs, model_work
    from mmlab.storage import report_file

    wanted = chosen(library, task, method, tag)
    jobs = model_jobs.jobs_of(wanted, model_work.SWEEP, {model_work.ANY_DATA: True} if changed else {})
    failed = carry_out(jobs, library, machines)
    reports = {each.name: report_file.read(Path(each.path)) for each in wanted if _is_there(each, failed)}
    scores = {
        name: (report["headline"], report["sources"]["built-in"]["mean"][report["headline"]])
        for name, report in reports.items()
        if "built-in" in report["sources"]
    }
    if json:
        emit({"runs": {name: {metric: score} for name, (metric, score) in scores.items()}, "failed": list(failed)})
    else:
        table("", ("model", "metric", "mean over combinations"), [(n, m, number(s)) for n, (m, s) in scores.items()], 2)
    raise_for_failed(failed)


def _is_there(reference: Reference, failed: Mapping[str, Exception]) -> bool:
    from mmlab.storage.report_file import REPORT

    return f"{reference.name}: sweep" not in failed and (Path(reference.path) / REPORT).is_file()
