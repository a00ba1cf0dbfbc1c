"""A Plotly figure that persists while its colours change, as a page component.

`st.plotly_chart` mounts a figure again at any change of its data, and zoom and lasso are gone. Here the figure is drawn
once per `stamp`; a `look` is laid over it with `Plotly.restyle`, and a selection of samples is lit in all its panels.

>>> figure.show(spec, look, key="embed.map", samples=1200, chosen=rows, on_click=..., on_select=...)
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from mmlab.ui.components import figure_card, plotly_library

SOURCES = tuple(Path(__file__).with_name(name) for name in ("loader.js", "preview.js", "figure.js"))
Change = tuple[Mapping[str, Any], Sequence[int]]


def show(
    spec: Mapping[str, Any] | str,
    looks: Sequence[Change] = (),
    *,
    key: str,
    name: str,
    alt: str,
    about: str = "",
    samples: int = 1,
    height: int = 480,
    solid: bool = False,
    later: bool = False,
    chosen: Sequence[int] | None = None,
    on_click: Callable[[int], None] | None = None,
    on_select: Callable[[list[int]], None] | None = None,
) -> None:
    """Show a figure (`data`, `layout`, perhaps `frames`) and lay changes over it: attributes, and of which traces.

    name: for files; alt: what a screen reader says; about: what a saved picture says of itself, with task and model
    (what is said to a screen reader, where nothing else is); solid: in three dimensions; later: drawn after the other
    figures of the page; chosen: the samples that are lit, None for all. `on_click` gets
    what a point carries, `on_select` the samples that were caught, none to forget the selection.
    """

    def clicked() -> None:
        point = getattr(st.session_state.get(key), "clicked", None)
        if point is not None and on_click is not None:
            on_click(int(point))

    def selected() -> None:
        rows = getattr(st.session_state.get(key), "selected", None)
        if rows is not None and on_select is not None:
            on_select([int(row) for row in rows])

    drawn = spec if isinstance(spec, str) else json.dumps(spec)
    look, picked = json.dumps(looks), json.dumps(None if chosen is None else list(chosen))
    stamp = f"{zlib.crc32(drawn.encode()):08x}"
    data = {
        "plotly": plotly_library.address(solid),
        "figure": drawn,
        "stamp": stamp,
        "look": look,
        "picked": picked,
        "mark": f"{stamp}.{zlib.crc32((look + picked).encode()):08x}",
        "samples": samples,
        "name": name,
        "alt": alt,
        "about": figure_card.origin(about or alt),
        "height": height,
        "later": later,
    }
    _component()(key=key, data=data, on_clicked_change=clicked, on_selected_change=selected)


def preload() -> None:
    """Let the browser fetch plotly.js while the page is still being made, but not read it before there is a figure.

    A plain script runs before any component.
    """
    address = plotly_library.address()
    link = f'Object.assign(document.createElement("link"), {{rel: "preload", as: "script", href: "{address}"}})'
    with st.container(key="mm-preload"):
        st.html(f"<script>document.head.appendChild({link})</script>", unsafe_allow_javascript=True)


@cache
def _source() -> str:
    return "\n".join(file.read_text("utf-8") for file in SOURCES)


def _component() -> Callable[..., object]:
    """Registered with whatever runtime there is now: under test each app has its own."""
    return st.components.v2.component("mmlab_figure", js=_source(), isolate_styles=False)
