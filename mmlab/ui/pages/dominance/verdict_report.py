"""The verdict as one self-contained HTML file, with its evidence and everything that its numbers are based on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from mmlab.analysis.dominance.report import DominanceReport, Row
from mmlab.analysis.dominance.verdict import Verdict
from mmlab.core.method import METHODS
from mmlab.core.metric import is_share
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import pickers, report_origin
from mmlab.ui.components.report_origin import Origin
from mmlab.ui.pages.dominance.verdict_data import Evidence
from mmlab.ui.session import cache
from mmlab.ui.text import verdict as words
from mmlab.ui.text import wording
from mmlab.viz.base import heatmap
from mmlab.viz.base.figure import Figure
from mmlab.viz.base.html_report import Fact, document
from mmlab.viz.compare.method_tables import Scale
from mmlab.viz.dominance import measure_table

SIGN_HERE = "_" * 24 + ",  " + "_" * 12  # a name and a day, by hand
TERMS = ("verdict", "agreement", "absent")


def make(
    task: Task,
    reference: Reference,
    draw: Callable[[Verdict], Figure],
    evidence: Callable[[], Evidence],
    origin: Origin,
) -> bytes:
    """The HTML file. Runs outside the session, so everything it needs is passed in. draw: the bars of a verdict."""
    whole = evidence()
    found, report = whole.verdict, whole.report
    titles = {row.measure.name: say(row.measure.title) for row in report.rows}
    measured = words.measured(found, lambda name: titles.get(name, name))
    facts = [
        Fact(say("Verdict"), words.sentence(found)),
        Fact(say("Measures"), measured or say("No measure has a clear first.")),
        *(Fact(say("Why they can differ"), say(reason)) for reason in found.reasons),
        Fact(say("Task"), f"{say(task.title)}. {say(task.about)}"),
        Fact(say("Model"), f"{cache.title(reference.method)}: {report_origin.about(reference)}"),
        Fact(say("Seeds"), ", ".join(run.name for run in found.seeds)),
        *(Fact(say("Score"), told) for told in [_score(task, reference)] if told),
        Fact(say("Absent inputs"), _absent(reference, report)),
        *report_origin.facts(origin),
        Fact(say("Checked by"), SIGN_HERE),
    ]
    meanings = [
        (term.title, term.plain.replace("*", ""), term.how.replace("*", "")) for term in map(wording.term, TERMS)
    ]
    title = say("Dominance: {model}, {task}", model=cache.title(reference.method), task=say(task.title))
    sections = {say("Verdict"): [draw(found)], say("All measures"): [_measures(task, reference, report)]}
    return document(title, facts, sections, meanings).encode()


def _score(task: Task, reference: Reference) -> str:
    """How good the model is, with every input and with each combination: the shares of a bad model mean little.

    Empty where it was not measured on the whole test set.
    """
    metric, modalities = task.info.output.headline, task.info.modalities
    measured = next(iter(cache.report(reference).get("sources", {}).values()), None)
    scores = {} if measured is None else measured["metrics"]
    scale = Scale(is_share(metric))
    told = [
        f"{modalities.parse(key).label} {scale.text(scores[key][metric])}{' %' * scale.is_share}"
        for key in reversed(scores)
        if metric in scores[key]
    ]
    return f"{wording.metric(metric)}: {'; '.join(told)}" if told else ""


def _absent(reference: Reference, report: DominanceReport) -> str:
    """What stands in for an absent input, and what that is for this model."""
    card = METHODS[reference.method].card
    detail = say(card.missing).replace("*", "") if card is not None else ""
    return f"{say(report.rule)}. {detail}" if detail else say(report.rule)


def _measures(task: Task, reference: Reference, report: DominanceReport) -> Figure:
    """Every measure that has values, by input; the largest of each row has the fullest tint."""
    modalities, colours = list(task.info.modalities), pickers.colours(task.info.modalities)
    there = [row for row in report.rows if not row.problem]
    columns = [heatmap.Head(each.name, label=say(each.label)) for each in modalities]
    cells = [(heatmap.Head(row.measure.name, label=say(row.measure.title)), _cells(row, colours)) for row in there]
    title = say("All measures, {model}, {task}", model=cache.title(reference.method), task=say(task.title))
    numbers = [
        (row.measure.title, modality.label, number.value, *map(_bound, (number.low, number.high)), _unit(row))
        for row in there
        for modality, number in zip(modalities, row.numbers, strict=True)
    ]
    apart = [say(row.measure.title) for row in there if not row.measure.ranks]
    counted = say("Not counted, since more need not mean more reliance: {measures}.", measures=", ".join(apart))
    missing = [f"{say(row.measure.title)}: {say(row.problem)}" for row in report.rows if row.problem]
    drawing = heatmap.grid(columns, cells, [], title, wide=92, label_wide=250)
    header = ("measure", "input", "value", "low", "high", "unit")
    return Figure(
        "measures", title, drawing, header, numbers, " ".join([report.basis, *[counted] * bool(apart), *missing])
    )


def _cells(row: Row, colours: Mapping[str, str]) -> list[heatmap.Cell]:
    largest = max((abs(value) for value in row.values if math.isfinite(value)), default=0.0) or 1.0
    found = []
    for (name, colour), number in zip(colours.items(), row.numbers, strict=True):
        text = measure_table.figure(number.value, row.measure.unit)
        share = abs(number.value) / largest if math.isfinite(number.value) else 0.0
        found.append(heatmap.Cell(text, share, f"{say(row.measure.title)}, {name}: {text}", colour))
    return found


def _unit(row: Row) -> str:
    return {"share": "share of 1"}.get(row.measure.unit, row.measure.unit)


def _bound(value: float) -> float | str:
    return float(value) if math.isfinite(value) else ""
