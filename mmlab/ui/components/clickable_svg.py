"""A piece of HTML or SVG whose marked parts can be picked: by mouse, finger or keyboard.

Whatever carries `data-pick="name"` is a button. Its node in the page stays when the content changes, so nothing
flickers and the focus is kept; arrow keys move to the nearest one in that direction. With `data-keys="ArrowUp:a s:b"`
a button says itself which key picks which other one. What carries `data-save` (svg, png or csv) saves the drawing or
its numbers as a file, in the browser.

>>> picking.board(html, key="lattice", on_pick=lambda name: state.put(on=name))

The content is trusted: escape every name that comes from data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


def board(html: str, key: str, on_pick: Callable[[str], None], files: Mapping[str, object] | None = None) -> None:
    """Show `html`; `on_pick` gets the name of the part that was picked, before the page (or its panel) runs again.

    files: the `name` of what can be saved, its `csv`, and lines `about` it that stand under a saved drawing.
    """

    def picked() -> None:
        name = getattr(st.session_state.get(key), "pick", None)
        if name:
            on_pick(str(name))

    # files as text: of every value that is none Streamlit asks whether it is a table, for which it imports pandas
    data = {"html": html, "files": json.dumps(dict(files or {}))}
    _component()(key=key, data=data, on_pick_change=picked)


def _component() -> Callable[..., object]:
    """Registered with whatever runtime there is now: under test each app has its own."""
    return st.components.v2.component("mmlab_board", js=SCRIPT, isolate_styles=False)
