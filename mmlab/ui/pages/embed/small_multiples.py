"""One cloud per combination, beside each other in one figure whose axes move together."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import streamlit as st

from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import pickers, plotly_figure
from mmlab.ui.pages.embed import colouring, map_cache, sample_path, selection_panel, view_data
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.text import wording
from mmlab.viz.embed import point_colours, scatter

MOST_PANELS = 16
FEW = 4


def show(view: View) -> None:
    """The panels of the combinations that are shown, the smallest first; what is caught in one is lit in all."""
    st.subheader(say("Small multiples"), help=wording.help("map"), anchor=False)
    shown = view.shown[:MOST_PANELS]
    if len(shown) < len(view.shown):
        st.caption(
            say(
                "The first {count} of {total} combinations; choose others above.",
                count=MOST_PANELS,
                total=len(view.shown),
            )
        )
    flat = map_cache.picture(view.reference, view.picture)
    panels = [scatter.drawable(flat.projection.points, (row,), view.drawn) for row in shown]
    st.html(view.colours.legend(np.concatenate(panels)))
    plotly_figure.show(
        _spec(view.reference, view.picture, shown, view.drawn.tobytes()),
        [point_colours.restyled(view.colours, panels)],
        key="embed.several",
        name=f"mmlab-combinations-{view.task.name}-{view.reference.method}",
        alt=say("{about}, a panel for each combination", about=view.about),
        samples=len(view.found.ids),
        chosen=view.rows,
        on_click=partial(sample_path.pick, view),
        on_select=partial(selection_panel.choose, view),
    )
    st.caption(
        say(
            "All panels share one map, so positions can be compared. Select dots in one panel: the same "
            "samples are highlighted in all."
        )
    )
    selection_panel.show(view)
    pickers.numbers_help("map", "combination", "choosing")


@st.cache_data(show_spinner=False, max_entries=16)
def _spec(reference: Reference, name: str, shown: tuple[int, ...], drawn: bytes) -> str:
    made = map_cache.picture(reference, name)
    points, some = made.projection.points, np.frombuffer(drawn, bool)
    keys = list(colouring.letters_of(reference).values())
    panels = [scatter.Panel(keys[row], points, scatter.drawable(points, (row,), some)) for row in shown]
    columns = 1 if len(panels) == 1 else min(FEW, max(2, round(len(panels) ** 0.5 + 0.4)))
    return json.dumps(scatter.several(panels, columns, view_data.titles(made)))
