"""Below the Bench, for the same sample: the answers in full, the way to where the model looks and to the path in the
embedding, the slices of a volume, downloads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmlab.core.modality import Combination
from mmlab.core.number_text import percent
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame, pickers
from mmlab.ui.pages.predict import downloads, view_data, volume_slices
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, url_state
from mmlab.ui.session.page_registry import PAGES, group_of
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.predict.combination_lattice import State


def show(shown: PredictView, on: Combination | None, references: Sequence[Reference]) -> None:
    """The answers of every combination, and what else there is about this sample."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="mm-views"):
        st.html('<h2 class="mm-here">Answer</h2>', width="content")
        for page in group_of(PAGES["predict"]).pages[1:]:
            page_frame.page_link(page.name, f"{plain(page.tab or page.title)} →", url_state.everything())
    if on is None or not shown.working:
        return
    with page_frame.error_boundary():
        st.html(_table(shown, on))
    if len(shown.item.stack) > 1:
        method = view_data.lattice_method(shown)
        volume_slices.show(next(each for each in references if each.method == method), shown.item.id, on.key)
    downloads.offer(shown, on)


def _table(shown: PredictView, on: Combination) -> str:
    """A row per combination, a column per model."""
    states = {method: {each.key: each for each in view_data.states(shown, method)} for method in shown.working}
    heads = "".join(f'<th scope="col">{escape(cache.title(method))}</th>' for method in states)
    rows = []
    for key in next(iter(states.values())):
        cells = "".join(f'<td class="mm-num">{_cell(found[key])}</td>' for found in states.values())
        now = ' class="mm-top"' if key == on.key else ""
        rows.append(f'<tr{now}><th scope="row">{_chips(shown, key)}</th>{cells}</tr>')
    head = f'<thead><tr><th scope="col">Inputs</th>{heads}</tr></thead>'
    body = f"<tbody>{''.join(rows)}</tbody>"
    return f'<div class="mm-scroll"><table class="mm-table mm-answers">{head}{body}</table></div>'


def _cell(state: State) -> str:
    sign = {None: "=" if state.same else "≠", True: "✓", False: "✗"}[state.good]
    share = "" if state.share is None else f" {percent(state.share)}"
    return escape(f"{state.answer} {sign}{share}")


def _chips(shown: PredictView, key: str) -> str:
    modalities = shown.task.info.modalities
    colours = pickers.colours(modalities)
    on = modalities.parse(key)
    chips = "".join(theme.chip(modalities[name].letter, colours[name]) for name in on.names)
    label = escape(on.label, quote=True)
    return f'<span class="mm-combo" title="{label}" role="img" aria-label="{label}">{chips}</span>'
