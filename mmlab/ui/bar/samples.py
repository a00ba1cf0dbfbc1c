"""The choice of a sample: behind one button, the gallery with its filters, and uploads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.bar import opening
from mmlab.ui.components import when_seen
from mmlab.ui.components.page_frame import error_boundary
from mmlab.ui.inputs import sample_picker
from mmlab.ui.session import cache, guesses
from mmlab.ui.text import wording

OPEN, FILTER, SEARCH = "mmlab.samples", "samples.filter", "samples.search"
PICKED = "mmlab.samples.picked"  # session: how often a pick closed it


def button() -> st.delta_generator.DeltaGenerator:
    """The button; `fill` puts what is behind it into it, last of all on the page. Under another key it is closed."""
    with st.container(key="mm-samples", width="content"):
        return st.popover(say("Samples"), key=f"mm-samples-{st.session_state.get(PICKED, 0)}")


def fill(along: st.delta_generator.DeltaGenerator, task: Task, sample: str | None, models: Sequence[Reference]) -> None:
    """What is behind the button, once somebody opened it."""
    with along, st.container(key="mm-browser"), error_boundary():
        if st.session_state.get(OPEN):
            sample_picker.tabs(task, sample, partial(_offered, task, models), on_pick=_close)
        else:
            when_seen.call("samples.seen", lambda: st.session_state.update({OPEN: True}))


def _offered(task: Task, models: Sequence[Reference]) -> Sequence[str]:
    """The samples under the chosen filter that the search finds."""
    found = opening.filters(task, models)
    anew = partial(sample_picker.first_page, task.name)
    chosen = opening.ALL
    if len(found) > 1:
        chosen = st.pills(
            say("Filter"),
            list(found),
            format_func=lambda name: f"{opening.title(name)} · {len(found[name])}",
            default=opening.ALL,
            required=True,
            key=f"{FILTER}.{task.name}.{len(found)}",
            help=wording.help("filters"),
            on_change=anew,
        )
    if guesses.is_on():  # a search would tell what is to be guessed
        return found[chosen]
    wanted = st.text_input(say("Find by name or right answer"), key=f"{SEARCH}.{task.name}", on_change=anew, width=320)
    return _named(task, found[chosen], wanted.strip().lower())


def _named(task: Task, offered: Sequence[str], wanted: str) -> Sequence[str]:
    """Those whose name holds what is wanted, or whose right answer it is."""
    if not wanted:
        return offered
    gallery = tuple(task.gallery())
    answers = _answers(task.name, gallery, cache.version(task.name, *gallery))
    return [name for name in offered if wanted in name.lower() or wanted == answers[name]]


@st.cache_data(show_spinner=False, max_entries=8)
def _answers(task_name: str, samples: tuple[str, ...], version: object) -> dict[str, str]:
    """The right answer of each sample, in small letters."""
    return {name: cache.item(task_name, name).answer.lower() for name in samples}


def _close() -> None:
    st.session_state[OPEN] = False
    st.session_state[PICKED] = st.session_state.get(PICKED, 0) + 1
