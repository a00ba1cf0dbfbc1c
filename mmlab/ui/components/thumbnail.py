"""The thumbnail of a shipped sample, and a link with one."""

from __future__ import annotations

from html import escape

import streamlit as st

from mmlab.ui.components import pickers
from mmlab.ui.session import cache
from mmlab.viz.inputs import recordings

LONGEST = 16  # letters of an answer under a picture


def picture(task_name: str, sample: str) -> str:
    """The picture of a sample as HTML, drawn once for this version of its recordings."""
    return _picture(task_name, sample, cache.version(task_name, sample))


def link(address: str, task_name: str, sample: str, label: str, under: str) -> str:
    """A sample that leads to an address. label: what it does, for screen readers too; under: HTML below the picture."""
    said = escape(label, quote=True)
    return (
        f'<a href="{escape(address, quote=True)}" target="_self" title="{said}" aria-label="{said}">'
        f'<span class="mm-thumb">{picture(task_name, sample)}</span>{under}</a>'
    )


def short(answer: str) -> str:
    """A prediction, shortened to fit below a picture."""
    return answer if len(answer) <= LONGEST else f"{answer[: LONGEST - 1]}…"


@st.cache_data(show_spinner=False, max_entries=512)
def _picture(task_name: str, sample: str, version: object) -> str:
    shades = pickers.colours(cache.task(task_name).info.modalities)
    return recordings.thumbnail(cache.item(task_name, sample).raw, shades).html
