"""Lists of test samples: those that ship as pictures, one click away from Predict; the others by name."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmlab.ui.components import pickers
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.viz.inputs import recordings

MOST_PICTURES, MOST_NAMES, LONGEST = 24, 40, 16


def show(view: View, rows: Sequence[int], mask: int, title: str) -> None:
    """The samples at `rows` of the grading, under the combination `mask`."""
    ids = [view.one.ids[row] for row in rows]
    shipped = set(view.task.gallery())
    pictures = [name for name in ids if name in shipped]
    rest = [name for name in ids if name not in shipped]
    st.markdown(f"**{title}:** {len(ids):,} of {len(view.one.ids):,} samples", width="content")
    if pictures:
        shown = pictures[:MOST_PICTURES]
        st.html(f'<div class="mm-samples">{"".join(_picture(view, name, mask) for name in shown)}</div>')
        more = f" {len(pictures) - len(shown)} more ship." if len(pictures) > len(shown) else ""
        st.caption(f"These ship with mmlab: a click opens one in Predict.{more}")
    if rest:
        with st.expander(f"{len(rest):,} that do not ship"):
            cut = " …" if len(rest) > MOST_NAMES else ""
            st.html(f'<p class="mm-note">{escape(", ".join(rest[:MOST_NAMES]))}{cut}</p>')


def _picture(view: View, name: str, mask: int) -> str:
    fields = {"task": view.task.name, "sample": name, "methods": view.shown, "on": view.key(mask)}
    found = cache.item(view.task.name, name)
    label = escape(f"Sample {name}, right answer {found.answer}: open in Predict", quote=True)
    picture = _thumbnail(view.task.name, name, cache.version(view.task.name, name))
    return (
        f'<a href="{escape(url_state.link("predict", fields), quote=True)}" target="_self" title="{label}" '
        f'aria-label="{label}"><span class="mm-thumb">{picture}</span>'
        f"{escape(_short(found.answer))}</a>"
    )


def _short(answer: str) -> str:
    return answer if len(answer) <= LONGEST else f"{answer[: LONGEST - 1]}…"


@st.cache_data(show_spinner=False, max_entries=512)
def _thumbnail(task_name: str, name: str, version: object) -> str:
    shades = pickers.colours(cache.task(task_name).info.modalities)
    return recordings.thumbnail(cache.item(task_name, name).raw, shades).html
