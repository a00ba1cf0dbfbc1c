"""`dominance`: which modality a trained model relies on, by every measure, and whether the measures agree."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Checkpoints, Device, Json, MethodName, Tag, TaskName, settle
from mmlab.cli.console import bar, emit, number, say, table
from mmlab.core.number_text import p_value
from mmlab.core.reference import Reference

if TYPE_CHECKING:
    from mmlab.analysis.dominance.report import DominanceReport


class Absent(StrEnum):
    """What stands in for an absent input."""

    METHOD = "method"
    DONOR = "donor"


def command(
    task: TaskName,
    method: MethodName,
    tag: Tag = "",
    absent: Annotated[
        Absent, typer.Option(help="Imputation of an absent input: the method's own, or another sample's input.")
    ] = Absent.METHOD,
    json: Json = False,
    device: Device = "",
    checkpoints: Checkpoints = None,
) -> None:
    """Show which input a trained model relies on: Shapley values, score drops, gradients, pairs, agreement."""
    library = settle(device=device, checkpoints=checkpoints)
    reference = library.find(task, method, tag)
    found, names, labels = _measured(reference, absent is Absent.DONOR)
    if json:
        from mmlab.analysis.dominance.export import as_json

        emit({"model": reference.name, **as_json(found)})
        return
    rows = []
    for row in found.rows:
        values = [number(each.value) for each in row.numbers] or ["-"] * len(names)
        rows.append((row.measure.title, *values, row.measure.unit, str(row.samples)))
    table(f"{reference.name}: absent is {found.rule}", ("measure", *labels.values(), "unit", "samples"), rows)
    say(f"With --json: {found.basis}" if found.clusters.are_enough else found.basis)
    say()
    _pairs(found, labels)
    say()
    w = number(found.agreement.w, 2)
    chance = found.agreement.chance
    null = "" if chance is None else f" ({number(chance.mean, 2)} by chance, p {p_value(chance.p)})"
    say(f"Agreement of {found.agreement.judges} measures (Kendall's W): {w}{null}, {found.agreement.verdict}.")
    for label, measures in found.agreement.leaders.items():
        say(f"  {label} first: {', '.join(found.row(name).measure.title for name in measures)}")
    for reason in dict.fromkeys(dispute.why for dispute in found.agreement.disputes):
        say(f"  Why they differ: {reason}")


def _measured(reference: Reference, donor: bool) -> tuple[DominanceReport, tuple[str, ...], dict[str, str]]:
    with bar(f"Loading {reference.name}", None) as shown:
        from mmlab.analysis.dominance.model_report import model_report
        from mmlab.inference.device import one_thread
        from mmlab.inference.predictor import Model

        one_thread()
        model = Model.open(reference)
        modalities = model.task.info.modalities
        begin = partial(shown.start, "Predicting with swapped inputs", 1.0)
        found = model_report(model, Path(reference.path), donor, begin, shown.move)
    return found, modalities.names, {each.name: each.label for each in modalities}


def _pairs(found: DominanceReport, labels: dict[str, str]) -> None:
    columns = [(each.name, n, column.label) for each in found.pair_measures for n, column in enumerate(each.columns)]
    rows = [
        (
            f"{labels[pair.first]}, {labels[pair.second]}",
            *(number(pair.number(name, place)) for name, place, _ in columns),
        )
        for pair in found.pairs
    ]
    if rows:
        table("", ("pair", *(label for _, _, label in columns)), rows)
    for measure in found.pair_measures:
        for problem in dict.fromkeys(pair.problems.get(measure.name, "") for pair in found.pairs):
            if problem:
                say(f"{measure.title}: {problem}")
