"""One input of the sample on the Bench, increasingly corrupted: each model's prediction at every severity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.modality import Combination, Modality
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.modalities.corruption import describe, label, offered
from mmlab.modalities.stretches import BLANKED
from mmlab.ui.components import clickable_svg, page_frame, pickers
from mmlab.ui.pages.predict import blanked_stretch, details, view_data
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, url_state
from mmlab.ui.session.url_state import SEVERITIES, InputCorruption
from mmlab.ui.text import wording

NONE = 0  # the severity of an input as it was given
NOTHING = "–"  # where a corruption leaves nothing of an input that could be read


def show(shown: PredictView, on: Combination, references: Sequence[Reference]) -> None:
    """The input, what goes wrong with it, and the answers from nothing to the worst; a click sets that severity."""
    modalities = shown.task.info.modalities
    there = {
        m.name: m
        for m in modalities
        if (m.name in shown.given or m.name in shown.world.blanks) and offered(shown.task, m)
    }
    if not there:
        st.caption(say("No input of this sample can be corrupted here."))
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-severities"):
        modality = there[_input(shown, on, there)]
        kind = _kind(shown, modality)
    if kind == BLANKED:
        blanked_stretch.show(shown, modality, partial(_answers_to, shown, on, references, modality.name))
    else:
        _severities(shown, on, references, modality, kind)
    if modality.name not in on:
        off = say("{input} is switched off, so corrupting it changes nothing.", input=say(modality.label))
        st.caption(off)


def _severities(
    shown: PredictView, on: Combination, references: Sequence[Reference], modality: Modality, kind: str
) -> None:
    """The answers from nothing to the worst."""
    now = next(
        (each.severity for each in shown.corruptions if (each.modality, each.kind) == (modality.name, kind)), NONE
    )
    table = _table(shown, on, references, modality, kind, now)
    pick = partial(_set, modality.name, kind, shown)
    clickable_svg.board(table, key=f"severities.{shown.task.name}", on_pick=pick)


def _input(shown: PredictView, on: Combination, there: dict[str, Modality]) -> str:
    """Which input is corrupted: at first the one that already is, else one that is on."""
    names = tuple(there)
    usual = next((name for name in names if name in on), names[0])
    hurt = next((each.modality for each in shown.corruptions if each.modality in names), usual)
    return str(
        st.segmented_control(
            say("Input"),
            names,
            default=hurt,
            required=True,
            format_func=lambda name: pickers.marked(there[name]),
            key=f"severities.input.{shown.task.name}",
        )
    )


def _kind(shown: PredictView, modality: Modality) -> str:
    """What goes wrong with it."""
    kinds = offered(shown.task, modality)
    hurt = next((each.kind for each in shown.corruptions if each.modality == modality.name), kinds[0])
    return str(
        st.selectbox(
            say("Corruption"),
            kinds,
            index=kinds.index(hurt),
            format_func=lambda kind: label(modality.kind, kind),
            key=f"severities.kind.{shown.task.name}.{modality.name}",
            help=wording.help("corruption"),
            width=260,
        )
    )


def _table(
    shown: PredictView, on: Combination, references: Sequence[Reference], modality: Modality, kind: str, now: int
) -> str:
    """A row per model, a column per severity."""
    cells: dict[str, str] = dict.fromkeys(shown.working, "")
    heads = ""
    for severity in (NONE, *SEVERITIES):
        corruption = InputCorruption(modality.name, kind, severity) if severity else None
        for method, text in _answers_to(shown, on, references, modality.name, corruption).items():
            here = ' class="mm-num mm-top"' if severity == now else ' class="mm-num"'
            whole = escape(text).replace("&gt; ", "&gt;&nbsp;").replace("&lt; ", "&lt;&nbsp;").replace(" %", "&nbsp;%")
            cells[method] += f"<td{here}>{whole}</td>"
        means = describe(modality.kind, kind, severity) if severity else say("as it was given")
        named = f'data-pick="{severity}" aria-pressed="{str(severity == now).lower()}" title="{escape(means)}"'
        said = say("Severity {severity}, {means}", severity=severity, means=means) if severity else say("No corruption")
        heads += f'<th scope="col"><button {named} aria-label="{escape(said)}">{severity or say("none")}</button></th>'
    body = "".join(f'<tr><th scope="row">{escape(cache.title(method))}</th>{row}</tr>' for method, row in cells.items())
    head = f'<thead><tr><th scope="col">{say("Severity")}</th>{heads}</tr></thead>'
    return (
        f'<div class="mm-scroll"><table class="mm-table mm-answers mm-severe">{head}<tbody>{body}</tbody></table></div>'
    )


def _answers(
    shown: PredictView, on: Combination, references: Sequence[Reference], corruptions: tuple[InputCorruption, ...]
) -> dict[str, str]:
    """What each model that has answers says of what is on, in a few signs."""
    working = [each for each in references if each.method in shown.working]
    sample = shown.item.id
    hurt = replace(shown, answers={each.method: cache.answers(each, sample, corruptions) for each in working})
    found = {each.method: view_data.states(hurt, each.method) for each in working}
    now = {method: next((state for state in states if state.key == on.key), None) for method, states in found.items()}
    return {method: NOTHING if state is None else details.cell(state) for method, state in now.items()}


def _answers_to(
    shown: PredictView, on: Combination, references: Sequence[Reference], name: str, corruption: InputCorruption | None
) -> dict[str, str]:
    """The same with this corruption (or none) of one input; those of the others stay."""
    found = {each.modality: each for each in shown.corruptions if each.modality != name}
    if corruption:
        found[name] = corruption
    ordered = tuple(found[each] for each in shown.task.info.modalities.names if each in found)
    return _answers(shown, on, references, ordered)


def _set(name: str, kind: str, shown: PredictView, severity: str) -> None:
    url_state.put_corruption(name, kind if int(severity) else None, int(severity), shown.task.info.modalities)
    page_frame.run_again(view_data.PANEL)
