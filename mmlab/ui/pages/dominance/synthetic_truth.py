"""Synthetic ground truth: small data sets for which the right finding is known, and what each measure finds."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmlab.analysis.dominance.measure import Measure
from mmlab.analysis.dominance.synthetic_tasks import NAMES, SETS
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.experiments.synthetic_validation import Tried, Verdict, try_measures
from mmlab.ui.components.background_task import run_cached
from mmlab.ui.pages.dominance import task_truth
from mmlab.ui.session import url_state
from mmlab.viz.dominance import measure_table


def show(task: Task, reference: Reference | None) -> None:
    """A set, a small network that is trained on it here and now, and truth against measure."""
    task_truth.show(task, reference)
    wanted = url_state.get("ground") or url_state.get("lesson")  # the name that addresses had before there were lessons
    chosen = wanted if wanted in SETS else "redundant"
    st.pills(
        "Data",
        list(SETS),
        format_func=lambda name: SETS[name].title,
        key=url_state.follow("dominance.ground", chosen),
        required=True,
        wrap=True,
        on_change=lambda: url_state.put(ground=st.session_state["dominance.ground"]),
    )
    which = SETS[chosen]
    st.caption(
        f"{which.about} The label is a fair coin, so everything follows by hand. A small network (modality dropout) "
        "learns it here in seconds and is measured like any other; nothing of this page’s model is used."
    )
    tried: Tried = run_cached(
        ("truth", chosen), "Training a small network", lambda tell: try_measures(which, tell=tell)
    )
    st.html(_table(tried.verdicts))
    held = sum(verdict.holds for verdict in tried.verdicts)
    st.markdown(
        f"**{held} of {len(tried.verdicts)}** measures find the truth"
        + (", and each miss has its reason." if held < len(tried.verdicts) else ".")
    )


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = "".join(_row(verdict) for verdict in verdicts)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Measure", "Truth", "Found", ""))
    top = f"<thead><tr>{head}</tr></thead>"
    return f'<div class="mm-scroll"><table class="mm-truth">{top}<tbody>{rows}</tbody></table></div>'


def _row(verdict: Verdict) -> str:
    truth, measure = verdict.truth, verdict.measure
    unit = measure.unit
    if isinstance(measure, Measure):
        names = tuple(name.capitalize() for name in NAMES)
    else:
        names = tuple(column.label for column in measure.columns)
    expected, found = (
        "<br>".join(
            f"{escape(name)} {measure_table.figure(value, unit)}" for name, value in zip(names, values, strict=True)
        )
        for values in (truth.expected, verdict.found)
    )
    title = f"{measure.title}, of the data" if truth.of_data else measure.title
    mark = "✓" if verdict.holds else "✗ misses it"
    why = truth.why if verdict.holds or not truth.blind else f"{truth.why} {truth.blind}"
    return (
        f"<tr><th scope='row'>{escape(title)}<small>{escape(why)}</small></th>"
        f"<td>{expected}</td><td>{found}</td><td>{mark}</td></tr>"
    )
