"""What would help: the shares of inputs in other methods' models of the task, and the scores of these models."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.alternatives import Alternative, alternatives
from mmlab.analysis.dominance.contributions import DOMINANT
from mmlab.analysis.dominance.payoffs import metric_of_right
from mmlab.core.errors import CheckpointError
from mmlab.core.group_name import several
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task, advice
from mmlab.ui.components import figure_card, pickers
from mmlab.ui.pages.dominance import result_cache, verdict_data
from mmlab.ui.pages.dominance.verdict import part
from mmlab.ui.session import cache, comparison_cache
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base.figure import Figure
from mmlab.viz.compare import score_table
from mmlab.viz.compare.method_tables import Scale
from mmlab.viz.compare.score_table import Head
from mmlab.viz.dominance import seed_bars

NAMES = 128  # pixels


def show(task: Task, reference: Reference) -> None:
    """The sentence, the bars and the table; nothing is asked of a model, only reports are read.

    Raises CheckpointError where no other method was measured on the same samples.
    """
    leader = verdict_data.seeds(reference, None)[0].leader
    rows = found(task, reference, leader)
    labels = [say(each.label) for each in task.info.modalities]
    st.markdown(plain(sentence(rows, reference.method, labels)))
    figure_card.show(bars(task, rows, leader), key=f"dominance.alternatives.{task.name}")
    st.html(table(task, rows, labels, leader))
    st.caption(
        say(
            "Other trainings on the same data, not a change to this model. An even use is no gain by itself: read it "
            "beside the scores. Means over seeds, samples with every input, parts from the scores of each combination."
        )
    )


def found(task: Task, reference: Reference, leader: int) -> list[Alternative]:
    """The methods that were measured on the samples of this model, and its own, the most even first."""
    modalities, metric = task.info.modalities, metric_of_right(task.info.output)
    stamp = comparison_cache.stamp(task.name)
    compared = comparison_cache.comparison(task.name, "", "built-in", reference.method, metric, stamp)
    nothing = float(result_cache.values(reference, "right")[0].mean())

    def masks(scores: Numbers) -> Numbers:
        by_key = dict(zip(compared.combinations, scores.tolist(), strict=True))
        return verdict_data.by_mask(modalities.names, by_key, nothing)

    whole = len(compared.combinations) == 2 ** len(modalities) - 1
    tables = {run.name: np.stack([masks(row) for row in run.scores]) for run in compared.runs if whole}
    finite = {name: each for name, each in tables.items() if np.isfinite(each).all()}
    if len(finite) < 2 or reference.method not in finite:
        raise CheckpointError(
            say("There is no other method to compare this one with."),
            advice(task, f"python -m mmlab grid --tasks {task.name}", say("Train")),
        )
    return alternatives(finite, leader)


def sentence(rows: list[Alternative], method: str, labels: list[str]) -> str:
    """Which method uses its inputs most evenly, beside the one that is shown."""
    best, own = rows[0], next(row for row in rows if row.name == method)

    def first(row: Alternative) -> str:
        share = wording.percent(row.largest)
        return say("{input} with {share} of the Shapley value", input=labels[row.first], share=share)

    if best is own:
        return say(
            "No method here uses its inputs more evenly than this one: the largest part is {part}.", part=first(own)
        )
    return say(
        "{best} ({seeds}) uses its inputs most evenly: its largest part is {part}; that of {method} is {own}.",
        best=cache.title(best.name),
        seeds=several(best.seeds, "seed"),
        part=first(best),
        method=cache.title(method),
        own=first(own),
    )


def bars(task: Task, rows: list[Alternative], leader: int) -> Figure:
    """The parts of the Shapley value, a bar per method, the leader of the model that is shown first."""
    modalities, colours = list(task.info.modalities), pickers.colours(task.info.modalities)
    order = [leader, *(place for place in range(len(modalities)) if place != leader)]

    def of(row: Alternative, place: int) -> seed_bars.Part:
        modality = modalities[place]
        return part(modality, colours[modality.name], float(row.shares[place]), cache.title(row.name))

    drawn = [
        seed_bars.Bar(cache.title(row.name), tuple(of(row, place) for place in order), math.nan, math.nan)
        for row in rows
    ]
    title = say("Parts of the Shapley value by method, {task}", task=say(task.title))
    lines = [
        (cache.title(row.name), row.seeds, modality.label, float(row.shares[place]), "share of 1")
        for row in rows
        for place, modality in enumerate(modalities)
    ]
    header = ("method", "seeds", "input", "part of the Shapley value", "unit")
    drawing = seed_bars.drawing(drawn, DOMINANT, title, NAMES)
    return Figure(f"what-would-help-{task.name}", title, drawing, header, lines, say("Means over seeds."))


def table(task: Task, rows: list[Alternative], labels: list[str], leader: int) -> str:
    """What each method scores, the most even first."""
    scale = Scale(True, False, True)
    metric = wording.metric(metric_of_right(task.info.output))
    heads = [
        Head(say("Method")),
        Head(say("Seeds"), say("Runs that were trained alike but for their random numbers.")),
        Head(
            say("Largest part"), say("Of the Shapley value, in percent; mean and standard deviation over seeds."), True
        ),
        Head(say("of input")),
        Head(say("{metric}, all inputs", metric=metric)),
        Head(say("{metric} without {input}", metric=metric, input=labels[leader])),
        Head(say("{metric}, mean", metric=metric), say("Over all combinations.")),
    ]

    def cells(row: Alternative) -> list[str]:
        spread = float(row.spread[row.first])
        after = f" ± {scale.text(spread)}" if math.isfinite(spread) else ""
        scores = [scale.text(each) for each in (row.complete, row.without, row.mean)]
        return [cache.title(row.name), str(row.seeds), f"{scale.text(row.largest)}{after}", labels[row.first], *scores]

    return score_table.table(heads, [cells(row) for row in rows])
