"""`evaluate`: measure a trained model again, on every combination."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.cli.given import Checkpoints, Data, Device, Json, MethodName, Tag, TaskName, settle
from mmlab.cli.terminal import bar, emit, number, table
from mmlab.core.errors import DataError

if TYPE_CHECKING:
    from mmlab.model import Model


class Where(StrEnum):
    """Which test set."""

    BUILT_IN = "built-in"
    REAL = "real"


def command(
    task: TaskName,
    method: MethodName,
    tag: Tag = "",
    source: Annotated[Where, typer.Option(help="The built-in test set, or real recordings.")] = Where.BUILT_IN,
    save: Annotated[bool, typer.Option("--save", help="Write the report and the sweep again.")] = False,
    json: Json = False,
    data: Data = None,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Recompute a model's metrics from its checkpoint: for each combination, and on the mean."""
    library = settle(data, device, checkpoints)
    reference = library.find(task, method, tag)
    with bar(f"Loading {reference.name}", None):
        from mmlab.device import one_thread
        from mmlab.model import Model

        one_thread()
        model = Model.open(reference)
    if source.value not in model.task.sources():
        raise DataError(
            f"There are no real recordings for {task} here.", "Name their folder with --data or MMLAB_DATA."
        )
    found = _saved(model, reference.path, source.value) if save else _measured(model, source.value)
    if json:
        emit(found)
        return
    names = list(found["mean"])
    rows = [(key, *(number(row[name]) for name in names)) for key, row in found["metrics"].items()]
    rows.append(("mean", *(number(found["mean"][name]) for name in names)))
    table(f"{reference.name}, {found['samples']} test samples ({source.value})", ("present", *names), rows)


def _measured(model: Model, source: str) -> dict[str, Any]:
    from mmlab.evaluation import sweep
    from mmlab.jobs import summary

    with bar("Reading the test set", None) as shown:
        samples = model.task.samples("test", source)  # type: ignore[arg-type]
        shown.start("Evaluating", 1.0)
        found = sweep(model.method, samples, digest=model.digest, on_progress=shown.move)
    return summary(found, model.method)


def _saved(model: Model, folder: str, source: str) -> dict[str, Any]:
    """As `_measured`, on every test set there is, and kept beside the checkpoint."""
    from mmlab.jobs import evaluate

    card = {name: value for name, value in model.card.items() if name != "format"}
    with bar("Evaluating and saving", None):
        report = evaluate(model.task, model.method, Path(folder), model.digest, card)
    return dict(report["sources"][source])
