"""`push`: a trained model onto the Hub of Hugging Face."""

from __future__ import annotations

from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Json, MethodName, Tag, TaskName, settle
from mmlab.cli.console import bar, emit, say


def command(
    repository: Annotated[str, typer.Argument(metavar="REPO", help="user/name; made where there is none.")],
    task: TaskName,
    method: MethodName,
    tag: Tag = "",
    licence: Annotated[
        str, typer.Option("--licence", "--license", help="Of the model, as the Hub calls it, such as apache-2.0.")
    ] = "unknown",
    private: Annotated[bool, typer.Option("--private", help="A new repository is seen by you alone.")] = False,
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Also the stored answers to the test samples, with the names of those samples."),
    ] = False,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Put a trained model onto the Hub: weights, config.json, a model card with its scores (pip install mmlab[hub])."""
    run = settle(checkpoints=checkpoints).find(task, method, tag)
    with bar("Writing to the Hub", None):
        from mmlab.experiments import hub_repository

        address = hub_repository.push(run, repository, licence, private, answers)
    if json:
        emit({"model": run.name, "address": address})
        return
    say(f"{run.name} is at {address}")
    say(f"  python -m mmlab pull {repository}")
