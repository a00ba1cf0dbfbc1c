"""Below the Bench, for the same sample: the views, one of which is open, and links to the full pages. Only the open
view is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from mmlab.core.modality import Combination
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import page_frame
from mmlab.ui.pages.predict import attributions, control, details, embedding_path, severities
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import url_state
from mmlab.ui.session.page_registry import PAGES, group_of
from mmlab.ui.text.markdown import plain

FIELD = "view"
SWITCH = "bench.view"  # session: the control


@dataclass(frozen=True)
class View:
    """One view: its name on the screen, what draws it for what is on, and for which tasks there is such a view."""

    title: str
    show: Callable[[PredictView, Combination, Sequence[Reference]], None]
    of: Callable[[Task], bool] = lambda task: True


VIEWS: dict[str, View] = {
    "answer": View(phrase("Answer"), details.show),
    "looks": View(phrase("Where it looks"), attributions.show),
    "path": View(phrase("Path in the embedding"), embedding_path.show),
    "damage": View(phrase("Corruption"), severities.show),
    "control": View(phrase("Control"), control.show, control.is_there),
}
USUAL = "answer"  # the one that is open before anyone chose


def show(shown: PredictView, on: Combination | None, references: Sequence[Reference]) -> None:
    """The line of views, and below it the one that is open."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-views"):
        chosen = _switch(shown.task)
        for page in group_of(PAGES["predict"]).pages[1:]:
            page_frame.page_link(page.name, f"{plain(say(page.title))} →", url_state.everything())
    if on is None or not shown.working:
        return
    with page_frame.error_boundary():
        VIEWS[chosen].show(shown, on, references)


def opened(task: Task) -> str:
    """The view of the address; the usual one where it names none that there is."""
    wanted = url_state.get(FIELD)
    return wanted if wanted in VIEWS and VIEWS[wanted].of(task) else USUAL


def _switch(task: Task) -> str:
    now = opened(task)
    st.segmented_control(
        say("What to see of this sample"),
        [name for name, view in VIEWS.items() if view.of(task)],
        format_func=lambda name: say(VIEWS[name].title),
        key=url_state.follow(SWITCH, now),
        required=True,
        label_visibility="collapsed",
        on_change=_open,
    )
    return now


def _open() -> None:
    view = st.session_state[SWITCH]
    if view is None:  # one is required
        url_state.show_again(SWITCH)
    else:
        url_state.put(**{FIELD: None if view == USUAL else view})
