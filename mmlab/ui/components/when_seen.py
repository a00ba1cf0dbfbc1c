"""Reports when a part of the page is first visible: the content of a popover is mounted when it opens.

A popover that itself tells the server when it opens (`on_change="rerun"`) tells it also when it closes; a click on a
link that closes it is then overtaken by that message, and leads nowhere.

>>> with st.popover("Samples"):
...     when_seen.call("samples", lambda: st.session_state.update(seen=True))
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


def call(key: str, action: Callable[[], None]) -> None:
    """Call `action` before the page runs again, once the browser shows this place."""
    _component()(key=key, on_seen_change=action)


def _component() -> Callable[..., object]:
    """Registered with whatever runtime there is now: under test each app has its own."""
    return st.components.v2.component("mmlab_seen", js=SCRIPT)
