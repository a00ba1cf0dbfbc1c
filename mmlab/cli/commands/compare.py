"""`compare`: methods side by side over combinations and seeds, from what is in the library."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Data, FoldCount, FoldsBy, Json, TaskName, fold_tasks, opened, settle
from mmlab.cli.console import bar, emit, say, whisper
from mmlab.core.errors import CheckpointError, DataError
from mmlab.storage.library import Library

if TYPE_CHECKING:
    from mmlab.analysis.methods.seed_comparison import Comparison


class Form(StrEnum):
    """How a table is printed."""

    MARKDOWN = "markdown"
    CSV = "csv"


def command(
    task: TaskName,
    source: Annotated[str, typer.Option(help="built-in, or real for real recordings.")] = "built-in",
    baseline: Annotated[str, typer.Option(help="The method that the others are compared with.")] = "dropout",
    ladder: Annotated[str, typer.Option(help="Show this method's ablation instead.")] = "",
    missing: Annotated[str, typer.Option(help="Show runs trained on data with these gaps instead.")] = "",
    search: Annotated[bool, typer.Option(help="Show the hyperparameter search on validation instead.")] = False,
    by_group: Annotated[
        bool,
        typer.Option("--by-group", help="Show differences over the test set's groups (people, voices) instead."),
    ] = False,
    folds: FoldCount = 0,
    by: FoldsBy = "group",
    metric: Annotated[str, typer.Option(help="A metric other than the task's main one.")] = "",
    form: Annotated[Form, typer.Option(help="Output format.")] = Form.MARKDOWN,
    write: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Also write .md, .csv and .json files there.")
    ] = None,
    fill: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Update the table between its markers in this document.")
    ] = None,
    json: Json = False,
    data: Data = None,
    checkpoints: Checkpoints = None,
) -> None:
    """Compare methods: mean and spread over seeds per combination, the worst, and paired differences with 95 % CI."""
    _check_folds(folds, bool(ladder or search or by_group or source != "built-in"))
    library = settle(opened(task, data), checkpoints=checkpoints)
    if search:
        _search(library, task, fill or [], json)
        return
    if by_group:
        _by_group(library, task, baseline, metric, fill or [], json)
        return
    with bar("Reading reports", None):
        from mmlab.experiments import comparison_tables
        from mmlab.experiments.fold_comparison import compare_folds
        from mmlab.experiments.grid import gap_tag

        if folds:
            found = compare_folds(library, task, fold_tasks(task, folds, by), baseline, metric, missing)
        elif ladder:
            found = comparison_tables.compare_ladder(library, task, ladder, source, metric)
        else:
            found = comparison_tables.compare(library, task, source, baseline, metric, missing)
    variant = gap_tag(missing) if missing else ladder
    name = "-".join(
        part
        for part in (task, f"folds{folds}" if folds else "", variant, source if source != "built-in" else "", metric)
        if part
    )
    _write(found, name, write, fill or [])
    if json:
        emit(comparison_tables.as_json(found))
    else:
        say(comparison_tables.as_csv(found) if form is Form.CSV else comparison_tables.as_markdown(found))


def _check_folds(count: int, is_other: bool) -> None:
    if count and is_other:
        raise DataError("Folds are compared by their ordinary runs alone.", "Leave the other option out.")


def _write(found: Comparison, name: str, folder: Path | None, documents: Sequence[Path]) -> None:
    """Files of a table, and its place in documents."""
    from mmlab.experiments import comparison_tables

    if folder is not None:
        comparison_tables.write_tables(found, folder, name)
    for document in documents:
        there = comparison_tables.fill(document, {name: comparison_tables.as_markdown(found)})
        whisper(f"{document}: {'filled' if there else 'has no mark for'} table:{name}")


def _by_group(library: Library, task: str, baseline: str, metric: str, documents: Sequence[Path], json: bool) -> None:
    with bar("Reading stored answers", None):
        from mmlab.experiments import comparison_tables, group_comparison

        found = group_comparison.compare_groups(library, task, baseline, metric)
    table = group_comparison.as_markdown(found)
    name = "-".join(part for part in (task, "groups", metric) if part)
    for document in documents:
        there = comparison_tables.fill(document, {name: table})
        whisper(f"{document}: {'filled' if there else 'has no mark for'} table:{name}")
    if json:
        emit(group_comparison.as_json(found))
    else:
        say(table)


def _search(library: Library, task: str, documents: Sequence[Path], json: bool) -> None:
    from mmlab.experiments import comparison_tables
    from mmlab.experiments import hyperparameter_search as search
    from mmlab.experiments.ablations import ordered

    found = search.results(library, task, ordered())
    if not found:
        hint = f"Run it first: python -m mmlab grid --tasks {task} --search"
        raise CheckpointError(f"There is no search of {task} in this library.", hint)
    table = search.as_markdown(task, found)
    for document in documents:
        there = comparison_tables.fill(document, {f"{task}-search": table})
        whisper(f"{document}: {'filled' if there else 'has no mark for'} table:{task}-search")
    if json:
        emit({"task": task, "settings": [vars(row) for row in found]})
    else:
        say(table)
