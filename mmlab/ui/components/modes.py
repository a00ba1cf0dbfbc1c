"""How the app is used: presented on a projector, with answers to be guessed, shared with others."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from mmlab.ui.session import guesses, reach, url_state
from mmlab.ui.session.page_registry import Page
from mmlab.ui.text.markdown import plain

PRESENT = "present"
ON = "1"
STYLE = Path(__file__).with_name("present.css")


def is_presented() -> bool:
    """Whether the page is shown to a room: no side bar, large type, keys for the steps of a lesson."""
    return url_state.get(PRESENT) == ON


def show(page: Page) -> None:
    """The switches, at the foot of the side bar, or of the page where that is presented."""
    if is_presented():
        st.html(STYLE)
    row = {"horizontal": True, "vertical_alignment": "center", "gap": "small", "key": "mm-modes"}
    with st.container(**row) if is_presented() else st.sidebar.container(**row):  # type: ignore[arg-type]
        label = "Leave Present" if is_presented() else "Present"
        _switch(PRESENT, label, "No side bar and large type, for a projector")
        if page.hides:
            label = "Stop guessing" if guesses.is_on() else "Guess"
            _switch("guess", label, "Hide the answers until somebody guessed")
        with st.popover("Share", type="tertiary"):
            _share()


def _switch(field: str, label: str, help: str) -> None:
    def turn() -> None:
        url_state.put(**{field: None if url_state.get(field) == ON else ON})

    st.button(label, key=f"mode.{field}", type="tertiary", help=help, on_click=turn)


def _share() -> None:
    """The address with its QR code, and who can open it; no code for one that another machine cannot open."""
    found = reach.found(url_state.everything())
    if not found.remark:
        st.html(_code(found.address))
    st.code(found.address, language=None, wrap_lines=True)
    if found.by_number:
        st.caption(f"Or: {plain(found.by_number)}")
    if found.remark:
        st.caption(found.remark)


@st.cache_data(show_spinner=False, max_entries=64)
def _code(address: str) -> str:
    """The QR code as a picture; dark on white in both themes, since many readers take no other."""
    import segno  # when somebody shares: the start of the app does without

    source = segno.make(address, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff")
    return f'<img class="mm-qr" src="{source}" alt="QR code of the address">'
