"""All combinations: the lattice of the whole test set, which controls everything else, and all models side by side."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from mmlab.core.phrases import say
from mmlab.ui.components import figure_card, page_frame, pickers
from mmlab.ui.pages.robustness import view_data
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.viz.base import interval_plot
from mmlab.viz.base.figure import Figure
from mmlab.viz.robustness import score_lattice


def steer(view: View) -> None:
    """The lattice: a click or a key selects the combination that the sections are about."""
    with st.container(key="mm-steer"):
        figure_card.show(lattice(view), "robustness.lattice", lambda key: view_data.pick(view.task, key))


def show(view: View) -> None:
    """What the selected combination costs, and every combination of every chosen model."""
    st.subheader(page_frame.plain(view.selected.label), help=wording.help("test_lattice"), anchor=False)
    st.html(_big(view))
    st.caption(_sentence(view))
    figure_card.show(overview(view), "robustness.overview", lambda key: view_data.pick(view.task, key))
    if len(view.one.measures) > 1:
        figure_card.show(table(view), "robustness.measures", lambda key: view_data.pick(view.task, key))
    pickers.numbers_help("test_lattice", "score_interval")


def figures(view: View) -> list[Figure]:
    """For the report."""
    return [lattice(view), overview(view), *([table(view)] if len(view.one.measures) > 1 else [])]


def lattice(view: View) -> Figure:
    """Score, interval and costs of every combination of the model that is shown."""
    measure = view.scored
    scored = [
        score_lattice.Scored(
            names=tuple(view.key(mask).split("-")),
            score=float(measure.scores[mask]),
            low=float(measure.intervals[mask, 0]),
            high=float(measure.intervals[mask, 1]),
            text=view.number(float(measure.scores[mask])),
            words=f"{view.label(mask)}: {_with_interval(view, mask)}",
        )
        for mask in view.masks
    ]
    names = view.task.info.modalities.names
    drawn = score_lattice.Frame(
        letters={name: letter for name, (letter, _) in zip(names, view.letters, strict=True)},
        colours={name: colour for name, (_, colour) in zip(names, view.letters, strict=True)},
        selected=view.selected.key,
        higher_is_better=measure.higher_is_better,
        is_share=measure.is_share,
    )
    model = cache.title(view.shown)
    title = say("{metric} of every combination, {model}", metric=wording.metric(view.measure), model=model)
    rows = [(view.key(m), *(float(v) for v in (measure.scores[m], *measure.intervals[m]))) for m in view.masks]
    drawing = score_lattice.svg(scored, drawn, title)
    note = f"{view.of(view.shown)} {view.interval}"
    return Figure("combinations", title, drawing, ("combination", view.measure, "low", "high"), rows, note)


def overview(view: View) -> Figure:
    """Every combination of every chosen model with its interval."""
    rows, numbers = [], []
    for mask in reversed(view.masks):
        marks = []
        for method, graded in view.graded.items():
            measure = graded.measures[view.measure]
            value, (low, high) = float(measure.scores[mask]), measure.intervals[mask]
            note = f"{cache.title(method)}, {view.label(mask)}: {view.number(value)}"
            marks.append(interval_plot.Mark(value, float(low), float(high), view.colour(method), note))
            numbers.append((method, view.key(mask), value, float(low), float(high)))
        rows.append(interval_plot.Row(view.key(mask), view.has(mask), tuple(marks)))
    title = say("{metric} of every combination and model", metric=wording.metric(view.measure))
    axis = view.axis([value for row in rows for mark in row.marks for value in (mark.low, mark.high)])
    legend = [(cache.title(method), view.colour(method)) for method in view.graded]
    drawing = interval_plot.intervals(rows, axis, view.letters, title, legend, view.selected.key)
    header = ("method", "combination", view.measure, "low", "high")
    return Figure("models", title, drawing, header, numbers, f"{view.basis} {view.bands}")


def table(view: View) -> Figure:
    """All measures of the model that is shown, per combination."""
    from mmlab.ui.pages.robustness.heatmaps import heat_by_column

    measures = {name: each for name, each in view.one.measures.items() if np.isfinite(each.scores[1:]).any()}
    values = [[float(measure.scores[mask]) for measure in measures.values()] for mask in view.masks]
    title = say("All measures, {model}", model=cache.title(view.shown))
    return heat_by_column(view, "measures", title, values, list(measures.values()))


def _with_interval(view: View, mask: int) -> str:
    low, high = view.scored.intervals[mask]
    return f"{view.number(float(view.scored.scores[mask]))}{view.bounds(float(low), float(high))}"


def _big(view: View) -> str:
    """The selected combination's score for every chosen model."""
    parts = []
    for method, graded in view.graded.items():
        measure = graded.measures[view.measure]
        low, high = measure.intervals[view.mask]
        parts.append(
            f'<div style="--c:{view.colour(method)}"><b>{view.number(float(measure.scores[view.mask]))}</b>'
            f"<small>{escape(cache.title(method))}<br>{view.bounds(float(low), float(high)).strip(' ()')}</small></div>"
        )
    return f'<div class="mm-big">{"".join(parts)}</div>'


def _sentence(view: View) -> str:
    """What taking away, or adding, one more input does to the model that is shown."""
    scores, items = view.scored.scores, list(view.task.info.modalities)
    now = float(scores[view.mask])
    lost = [
        say(
            "without {input} {change}",
            input=say(item.label),
            change=view.change(float(scores[view.mask ^ 1 << place]) - now),
        )
        for place, item in enumerate(items)
        if view.mask >> place & 1 and view.mask != 1 << place
    ]
    gained = [
        say(
            "with {input} {change}",
            input=say(item.label),
            change=view.change(float(scores[view.mask | 1 << place]) - now),
        )
        for place, item in enumerate(items)
        if not view.mask >> place & 1
    ]
    steps = "; ".join([*gained, *lost])
    return page_frame.plain(f"{view.of(view.shown)} {say('From here: {steps}.', steps=steps)}")
