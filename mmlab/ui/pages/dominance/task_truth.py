"""Measured beside true dominance, for a task where the information in each input is known by construction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from mmlab.analysis.base.coalitions import membership
from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.dominance.oracle_comparison import KNOWN, OracleComparison, compare_with_oracle
from mmlab.core.modality import Modalities, spoken
from mmlab.core.number_text import fixed
from mmlab.core.outputs import Regression
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import figure_card, page_frame, pickers
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import interval_plot, svg_chart, theme
from mmlab.viz.base.figure import Figure

TRUE, MEASURED = theme.MUTED, theme.ACCENT


def of_known_truth(task: Task) -> Regression | None:
    """The answers of a task of which it is known what each input tells; None for other tasks."""
    output = task.info.output
    # what can be known of a task is the best error of a number, so another kind of answer has nothing to show
    return output if hasattr(task, "known_values") and isinstance(output, Regression) else None


def show(task: Task, reference: Reference) -> None:
    """The panel; nothing for a task of which no truth is known."""
    output, known_values = of_known_truth(task), getattr(task, "known_values", None)
    if output is None or known_values is None:
        return
    score = _score()
    with page_frame.error_boundary():
        found = compare_with_oracle(known_values(), result_cache.lattice(reference), output, score)
        st.markdown(_verdict(found, task.info.modalities))
        left, right = st.columns(2, gap="large")
        with left:
            figure_card.show(_shares(found, task, reference), "dominance.known.shares")
        with right:
            figure_card.show(_combinations(found, task, reference), "dominance.known.all")
        st.caption(
            say(
                "True: the best that any model can do, summed up exactly from how noisy each input was "
                "made. Measured: {method} on the built-in test samples, with 95 % intervals. Shares are "
                "Shapley values of the gain over knowing no input at all.",
                method=page_frame.plain(cache.title(reference.method)),
            )
        )


def _score() -> str:
    names = list(KNOWN)
    wanted = url_state.get("known")
    chosen = wanted if wanted in names else names[0]
    st.segmented_control(
        say("Score"),
        names,
        format_func=wording.metric,
        key=url_state.follow("dominance.known", chosen),
        required=True,
        on_change=lambda: url_state.put(known=st.session_state["dominance.known"]),
    )
    return chosen


def _verdict(found: OracleComparison, modalities: Modalities) -> str:
    """Whether the model leans on its inputs in the true order, and which it uses least fully."""
    labels = [page_frame.plain(say(modality.label)) for modality in modalities]
    true, measured = (tied_order(each) for each in (found.true, found.shares))
    order, truly = (" > ".join(" = ".join(labels[i] for i in tied) for tied in each) for each in (measured, true))
    told = say("**It relies on {order}, as it should.**", order=order)
    if true != measured:
        told = say("**It relies on {order}, but the truth is {truth}.**", order=order, truth=truly)
    parts = zip(labels, found.true / found.true.sum(), found.shares / found.shares.sum(), strict=True)
    shown = ", ".join(
        say(
            "{input} {true} in truth, {measured} measured",
            input=name,
            true=wording.percent(t),
            measured=wording.percent(m),
        )
        for name, t, m in parts
    )
    least = int(np.argmin(found.used))
    rest = say(
        "Shares of the gain: {shares}. It uses the {input} least fully: {used} of what is in it.",
        shares=shown,
        input=spoken(labels[least]),
        used=wording.percent(float(found.used[least])),
    )
    return f"{told} {rest}"


def _shares(found: OracleComparison, task: Task, reference: Reference) -> Figure:
    rows = []
    for place, modality in enumerate(task.info.modalities):
        true, measured = float(found.true[place]), float(found.shares[place])
        low, high = float(found.low[place]), float(found.high[place])
        text, label = _text(found), say(modality.label)
        note = say(
            "{input}, measured: {value} ({low} to {high})",
            input=label,
            value=text(measured),
            low=text(low),
            high=text(high),
        )
        truly = say("{input}, true: {value}", input=label, value=text(true))
        marks = (
            interval_plot.Mark(true, true, true, TRUE, truly, hollow=True),
            interval_plot.Mark(measured, low, high, MEASURED, note),
        )
        rows.append(interval_plot.Row(modality.name, tuple(m == modality for m in task.info.modalities), marks))
    axis = svg_chart.around(
        [0.0, *found.true, *found.high], say("Shapley value: {of}", of=_gain(found)), _text(found), low=0.0
    )
    title, names = say("Contribution of each input"), task.info.modalities.names
    columns = [each.tolist() for each in (found.true, found.shares, found.low, found.high)]
    table = list(zip(names, *columns, strict=True))
    header = ("input", "true", "measured", "low", "high")
    return Figure("known-shares", title, _drawn(rows, axis, title, task, reference), header, table)


def _combinations(found: OracleComparison, task: Task, reference: Reference) -> Figure:
    modalities = task.info.modalities
    has = membership(len(modalities))
    rows = []
    for mask in sorted(range(1, len(has)), key=lambda m: (has[m].sum(), m)):
        key = "-".join(name for name, on in zip(modalities.names, has[mask], strict=True) if on)
        label = modalities.parse(key).label
        best, measured = float(found.best[mask]), float(found.measured[mask])
        at_best = say("{inputs}, at best: {value}", inputs=label, value=_text(found)(best))
        note = say("{inputs}, measured: {value}", inputs=label, value=_text(found)(measured))
        marks = (
            interval_plot.Mark(best, best, best, TRUE, at_best, hollow=True),
            interval_plot.Mark(measured, measured, measured, MEASURED, note),
        )
        rows.append(interval_plot.Row(key, tuple(bool(on) for on in has[mask]), marks))
    name = spoken(wording.metric(found.score))
    axis = svg_chart.around([*found.best[1:], *found.measured[1:]], name, _text(found))
    title = say("{metric} of every combination", metric=wording.metric(found.score))
    table = [(row.key, *(mark.value for mark in row.marks)) for row in rows]
    drawing = _drawn(rows, axis, title, task, reference)
    return Figure("known-combinations", title, drawing, ("combination", "at best", "measured"), table)


def _drawn(rows: list[interval_plot.Row], axis: svg_chart.Axis, title: str, task: Task, reference: Reference) -> str:
    modalities = task.info.modalities
    colours = pickers.colours(modalities)
    letters = [(modality.letter, colours[modality.name]) for modality in modalities]
    legend = [(say("true"), TRUE), (cache.title(reference.method), MEASURED)]
    return interval_plot.intervals(rows, axis, letters, title, legend, picked=False)


def _gain(found: OracleComparison) -> str:
    return say("right sides") if found.score == "sign_accuracy" else say("reduction of the error")


def _text(found: OracleComparison) -> Callable[[float], str]:
    return svg_chart.percent if found.score == "sign_accuracy" else _plain


def _plain(value: float) -> str:
    return fixed(value, 2)
