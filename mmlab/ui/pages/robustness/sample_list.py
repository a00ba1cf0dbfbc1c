"""Lists of test samples: shipped ones as images, one click away from the Bench; the others by name."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmlab.core.phrases import say
from mmlab.ui.components import thumbnail
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording

MOST_PICTURES, MOST_NAMES = 24, 40


def show(view: View, rows: Sequence[int], mask: int, title: str) -> None:
    """The samples at `rows` of the grading, under the combination `mask`."""
    ids = [view.one.ids[row] for row in rows]
    shipped = set(view.task.gallery())
    pictures = [name for name in ids if name in shipped]
    rest = [name for name in ids if name not in shipped]
    counted = say("{count} of {total} samples", count=f"{len(ids):,}", total=f"{len(view.one.ids):,}")
    st.markdown(f"**{title}:** {counted}", width="content")
    if pictures:
        shown = pictures[:MOST_PICTURES]
        st.html(f'<div class="mm-samples">{"".join(_picture(view, name, mask) for name in shown)}</div>')
        told = say("These ship with mmlab: a click opens one on the Bench.")
        if len(pictures) > len(shown):
            told += f" {say('{count} more ship.', count=len(pictures) - len(shown))}"
        st.caption(told)
    if rest:
        with st.expander(say("{count} that do not ship", count=f"{len(rest):,}")):
            cut = " …" if len(rest) > MOST_NAMES else ""
            st.html(f'<p class="mm-note">{escape(", ".join(rest[:MOST_NAMES]))}{cut}</p>')


def _picture(view: View, name: str, mask: int) -> str:
    fields = {"task": view.task.name, "sample": name, "methods": view.shown, "on": view.key(mask)}
    found = cache.item(view.task.name, name)
    label = say(
        "Sample {name}, right answer {answer}: open on the Bench", name=name, answer=wording.answer(found.answer)
    )
    under = escape(thumbnail.short(wording.answer(found.answer)))
    return thumbnail.link(url_state.link("predict", fields), view.task.name, name, label, under)
