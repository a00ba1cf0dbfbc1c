"""`pull`: a model from the Hugging Face Hub into the library."""

from __future__ import annotations

from typing import Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Json, settle
from mmlab.cli.console import bar, emit, say


def command(
    repository: Annotated[str, typer.Argument(metavar="REPO", help="user/name.")],
    revision: Annotated[str, typer.Option("--revision", help="A branch, tag or commit; the newest by default.")] = "",
    tag: Annotated[str, typer.Option("--tag", help="Name of the run here; by default its original name.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing run of this name.")] = False,
    json: Json = False,
    checkpoints: Checkpoints = None,
) -> None:
    """Download a model from the Hugging Face Hub into the library, checked like any import (extra: hub)."""
    library = settle(checkpoints=checkpoints)
    with bar("Reading from the Hub", None):
        from mmlab.experiments import hub_repository

        found = hub_repository.pull(library, repository, revision, tag, replace)
    if json:
        emit({"task": found.task, "method": found.method, "tag": found.tag})
        return
    say(f"{repository} is here as {found.task}/{found.method}/{found.tag}. Next:")
    say(f"  python -m mmlab evaluate --task {found.task} --method {found.method} --tag {found.tag}")
