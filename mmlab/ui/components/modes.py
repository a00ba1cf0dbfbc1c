"""Modes of the app: presented on a projector, with hidden answers to guess, shared with others."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from mmlab.core.phrases import say
from mmlab.ui.components import language_picker, qr_code
from mmlab.ui.session import guesses, hidden, shared_address, url_state
from mmlab.ui.session.page_registry import Page
from mmlab.ui.text.markdown import plain

PRESENT = "present"
ON = "1"
STYLE = Path(__file__).with_name("present.css")
NO_SIDE_BAR = Path(__file__).with_name("no_side_bar.css")


def is_presented() -> bool:
    """Whether the page is shown to a room: no side bar, large type, keys for the steps of a lesson."""
    return url_state.get(PRESENT) == ON


def show(page: Page) -> None:
    """The switches, at the bottom of the sidebar, or of the page where that is presented."""
    if is_presented():
        st.html(STYLE)
    elif hidden.is_hidden("sidebar"):
        st.html(NO_SIDE_BAR)
        return
    row = {"horizontal": True, "vertical_alignment": "center", "gap": "small", "key": "mm-modes"}
    with st.container(**row) if is_presented() else st.sidebar.container(**row):  # type: ignore[arg-type]
        label = say("Leave Present") if is_presented() else say("Present")
        _switch(PRESENT, label, say("No side bar and large type, for a projector"))
        if page.hides:
            if guesses.is_on():
                _switch("guess", say("Stop guessing"), say("Show the answers again"))
            else:
                _switch("guess", say("Guess"), say("Hide the answers until somebody has voted"))
        with st.popover(say("Share"), type="tertiary"):
            _share()
        if not is_presented():
            language_picker.show("mode.lang")


def _switch(field: str, label: str, help: str) -> None:
    def turn() -> None:
        url_state.put(**{field: None if url_state.get(field) == ON else ON})

    st.button(label, key=f"mode.{field}", type="tertiary", help=help, on_click=turn)


def _share() -> None:
    """The address with its QR code, and who can open it; no code for one that another machine cannot open."""
    taken = st.multiselect(
        say("Hide from those who open it"),
        hidden.NAMES,
        format_func=hidden.title,
        key="share.hide",
        placeholder=say("Nothing is hidden"),
    )
    view = url_state.everything()
    if taken:
        view = {**view, hidden.FIELD: ",".join(taken)}
    found = shared_address.found(view)
    if not found.remark:
        st.html(qr_code.picture(found.address))
    st.code(found.address, language=None, wrap_lines=True)
    if found.by_number:
        st.caption(say("Or: {address}", address=plain(found.by_number)))
    if found.remark:
        st.caption(found.remark)
