"""A choice stored in the address, for pages that have several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from mmlab.core.errors import UnknownName
from mmlab.core.phrases import say
from mmlab.ui.components import page_frame
from mmlab.ui.session import url_state


def select(
    page: str,
    field: str,
    label: str,
    options: Sequence[str],
    default: str,
    shown: Any,
    help: str | None = None,
    width: int = 190,
) -> str:
    """What is chosen for a field of the address; the default leaves no trace there. page: the start of the key."""
    wanted = url_state.get(field, default)
    if wanted not in options:
        page_frame.show_error(
            UnknownName(
                say("{label}: there is no '{wanted}' here.", label=label, wanted=wanted),
                say("Showing {default}.", default=shown(default)),
            ),
            quiet=True,
        )
        wanted = default
    name = f"{page}.{field}"

    def keep() -> None:
        chosen = st.session_state[name]
        url_state.put(**{field: None if chosen == default else chosen})

    if len(options) > 1:
        key = url_state.follow(name, wanted)
        st.selectbox(label, options, format_func=shown, key=key, help=help, on_change=keep, width=width)
    return wanted
