"""Synthetic ground truth: small data sets with a known result, and the result of each measure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmlab.analysis.dominance.measure import Measure
from mmlab.analysis.dominance.synthetic_tasks import NAMES, SETS
from mmlab.core.phrases import phrase, say
from mmlab.experiments.synthetic_validation import SyntheticValidation, Verdict, validated
from mmlab.ui.components.background_task import run_cached
from mmlab.ui.session import url_state
from mmlab.viz.dominance import measure_table

SIDES = {"left": phrase("Left side"), "right": phrase("Right side")}


def show() -> None:
    """A set, a small network that is trained on it here and now, and truth against measure."""
    wanted = url_state.get("ground")
    chosen = wanted if wanted in SETS else "redundant"
    st.pills(
        say("Data"),
        list(SETS),
        format_func=lambda name: say(SETS[name].title),
        key=url_state.follow("sandbox.ground", chosen),
        required=True,
        wrap=True,
        on_change=lambda: url_state.put(ground=st.session_state["sandbox.ground"]),
    )
    which = SETS[chosen]
    told = say(
        "The label is a fair coin, so everything follows by hand. A small network (modality dropout) learns it here in "
        "seconds and is measured like any other; no model of the library is used."
    )
    st.caption(f"{say(which.about)} {told}")
    found: SyntheticValidation = run_cached(
        ("truth", chosen), say("Training a small network"), lambda tell: validated(chosen, tell)
    )
    st.html(_table(found.verdicts))
    held = sum(verdict.holds for verdict in found.verdicts)
    total = len(found.verdicts)
    if held < total:
        told = say(
            "**{count} of {total}** measures find the truth, and each miss has its reason.", count=held, total=total
        )
    else:
        told = say("**{count} of {total}** measures find the truth.", count=held, total=total)
    st.markdown(told)


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = "".join(_row(verdict) for verdict in verdicts)
    head = "".join(f'<th scope="col">{name}</th>' for name in (say("Measure"), say("Truth"), say("Found")))
    last = f'<th scope="col"><span class="mm-unseen">{say("Right or wrong")}</span></th>'
    top = f"<thead><tr>{head}{last}</tr></thead>"
    return f'<div class="mm-scroll"><table class="mm-truth">{top}<tbody>{rows}</tbody></table></div>'


def _row(verdict: Verdict) -> str:
    truth, measure = verdict.truth, verdict.measure
    unit = measure.unit
    if isinstance(measure, Measure):
        names = tuple(say(SIDES[name]) for name in NAMES)
    else:
        names = tuple(say(column.label) for column in measure.columns)
    expected, found = (
        "<br>".join(
            f"{escape(name)} {measure_table.figure(value, unit)}" for name, value in zip(names, values, strict=True)
        )
        for values in (truth.expected, verdict.found)
    )
    title = say(measure.title)
    if truth.of_data:
        title = say("{measure}, of the data", measure=title)
    mark = "✓" if verdict.holds else say("✗ misses it")
    why = say(truth.why) if verdict.holds or not truth.blind else f"{say(truth.why)} {say(truth.blind)}"
    return (
        f"<tr><th scope='row'>{escape(title)}<small>{escape(why)}</small></th>"
        f'<td data-label="{say("Truth")}">{expected}</td><td data-label="{say("Found")}">{found}</td>'
        f"<td>{mark}</td></tr>"
    )
