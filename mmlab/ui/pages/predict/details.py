"""The predictions for every combination of the sample on the Bench, the slices of a volume, downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from mmlab.core.modality import Combination, Modality
from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame, pickers
from mmlab.ui.pages.predict import downloads, far_inputs, view_data, volume_slices, whole_scan
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.viz.base import theme
from mmlab.viz.predict.combination_lattice import State


def show(shown: PredictView, on: Combination, references: Sequence[Reference]) -> None:
    """The answers of every combination, and what can be taken along."""
    with page_frame.error_boundary():
        st.html(_table(shown, on))
        if rows := far_inputs.table(shown, far_inputs.distances(shown, references)):
            st.markdown(f"**{say('Distance of each input to the training data')}**", help=wording.help("far"))
            st.html(_distances(shown, rows))
    if len(shown.item.stack) > 1:
        method = view_data.lattice_method(shown)
        volume_slices.show(next(each for each in references if each.method == method), shown.item.id, on.key)
    if shown.working and whole_scan.fits(shown.working[method := view_data.lattice_method(shown)][on.key]):
        whole_scan.show(shown, method, on.key)
    downloads.offer(shown, on)


def _table(shown: PredictView, on: Combination) -> str:
    """A row per combination, a column per model."""
    states = {method: {each.key: each for each in view_data.states(shown, method)} for method in shown.working}
    heads = "".join(f'<th scope="col">{escape(cache.title(method))}</th>' for method in states)
    rows = []
    for key in next(iter(states.values())):
        cells = "".join(f'<td class="mm-num">{escape(cell(found[key]))}</td>' for found in states.values())
        now = ' class="mm-top"' if key == on.key else ""
        rows.append(f'<tr{now}><th scope="row">{chips(shown, key)}</th>{cells}</tr>')
    head = f'<thead><tr><th scope="col">{say("Inputs")}</th>{heads}</tr></thead>'
    body = f"<tbody>{''.join(rows)}</tbody>"
    return f'<div class="mm-scroll"><table class="mm-table mm-answers">{head}{body}</table></div>'


def _distances(shown: PredictView, rows: Sequence[tuple[Modality, Mapping[str, str]]]) -> str:
    """A row per input that was brought, a column per model: how far it is from the training data."""
    methods = [method for method in shown.working if any(method in cells for _, cells in rows)]
    heads = "".join(f'<th scope="col">{escape(cache.title(method))}</th>' for method in methods)
    head = f'<thead><tr><th scope="col">{escape(say("Input"))}</th>{heads}</tr></thead>'
    body = "".join(
        f'<tr><th scope="row">{chips(shown, item.name)}</th>'
        + "".join(f"<td>{escape(cells.get(method, ''))}</td>" for method in methods)
        + "</tr>"
        for item, cells in rows
    )
    return f'<div class="mm-scroll"><table class="mm-table mm-answers">{head}<tbody>{body}</tbody></table></div>'


def cell(state: State) -> str:
    """An answer in a few signs: what was said, whether it is right, how sure."""
    sign = {None: "=" if state.same else "≠", True: "✓", False: "✗"}[state.good]
    share = "" if state.share is None else f" {percent(state.share)}"
    return f"{wording.answer(state.answer)} {sign}{share}"


def chips(shown: PredictView, key: str) -> str:
    """The letters of a combination, each in its colour, as HTML."""
    modalities = shown.task.info.modalities
    colours = pickers.colours(modalities)
    on = modalities.parse(key)
    letters = "".join(theme.chip(modalities[name].letter, colours[name]) for name in on.names)
    label = escape(on.label, quote=True)
    return f'<span class="mm-combo" title="{label}" role="img" aria-label="{label}">{letters}</span>'
