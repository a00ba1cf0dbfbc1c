"""`push`: a trained model to the Hugging Face Hub."""

from __future__ import annotations

from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Json, MethodName, Tag, TaskName, settle
from mmlab.cli.console import bar, emit, say


def command(
    repository: Annotated[str, typer.Argument(metavar="REPO", help="user/name; created if needed.")],
    task: TaskName,
    method: MethodName,
    tag: Tag = "",
    licence: Annotated[
        str,
        typer.Option("--licence", "--license", help="The model's licence as the Hub spells it, such as apache-2.0."),
    ] = "unknown",
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    answers: Annotated[
        bool,
        typer.Option(
            "--answers", help="Include the stored predictions on the test samples, with the names of those samples."
        ),
    ] = False,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Upload a trained model to the Hugging Face Hub: weights, config.json, a model card (extra: hub)."""
    run = settle(checkpoints=checkpoints).find(task, method, tag)
    with bar("Writing to the Hub", None):
        from mmlab.experiments import hub_repository

        address = hub_repository.push(run, repository, licence, private, answers)
    if json:
        emit({"model": run.name, "address": address})
        return
    say(f"{run.name} is at {address}")
    say(f"  python -m mmlab pull {repository}")
