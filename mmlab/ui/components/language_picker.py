"""The language selector."""

from __future__ import annotations

import streamlit as st

from mmlab.core.phrases import ENGLISH, say
from mmlab.ui.session import url_state
from mmlab.ui.text import language


def show(key: str) -> None:
    """The selector, where there is more than one language. key: of this place, as there are several."""
    names = language.languages()
    if len(names) < 2:
        return
    st.selectbox(
        say("Language"),
        list(names),
        format_func=lambda code: names[code],
        key=url_state.follow(key, language.current()),
        label_visibility="collapsed",
        width=110,
        on_change=lambda: url_state.put(lang=_unless_english(str(st.session_state[key]))),
    )


def _unless_english(code: str) -> str | None:
    return None if code == ENGLISH else code
