"""The map of all samples under all combinations: coloured, searched, selected with a lasso, with one sample over it."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import streamlit as st

from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame, pickers, plotly_figure
from mmlab.ui.pages.embed import colouring, downloads, map_cache, sample_path, selection_panel, view_data
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.text import language, wording
from mmlab.viz.embed import point_colours, scatter


def show(view: View) -> None:
    """The map with what was caught on it, and the picked sample with its neighbours, beside each other."""
    path = sample_path.find(view)
    left, right = st.columns([5, 4], gap="large")
    with left, page_frame.error_boundary():
        st.subheader(say("All samples"), help=wording.help("map"), anchor=False)
        _map(view, path)
        selection_panel.search(view)
    with left, page_frame.error_boundary():
        selection_panel.show(view)
    with right, page_frame.error_boundary():
        sample_path.show(view, path)
    with right, page_frame.error_boundary():
        if path is not None:
            sample_path.near(view, path)
    downloads.offer(view)
    pickers.numbers_help("map", "path", "variance", "ellipse", "likeness", "nearest", "choosing")


def _map(view: View, path: sample_path.Path | None) -> None:
    drawn = view.places(view.made.projection.points)
    st.html(view.colours.legend(drawn))
    spec = _spec(view.reference, view.picture, view.solid, view.shown, drawn.tobytes(), language.current())
    over = scatter.sample(*((path.over, path.lit) if path is not None else ((), ())), solid=view.solid)
    plotly_figure.show(
        spec,
        [point_colours.restyled(view.colours, [drawn]), over],
        key="embed.map",
        name=f"mmlab-map-{view.task.name}-{view.reference.method}",
        alt=say(
            "{about}, coloured by {colour}. The numbers are in the files below",
            about=view.about,
            colour=colouring.title(view.colour),
        ),
        about=f"{view.about}, {colouring.title(view.colour)}",
        samples=len(view.found.ids),
        solid=view.solid,
        chosen=view.rows,
        on_click=partial(sample_path.pick, view),
        on_select=partial(selection_panel.choose, view),
    )
    st.caption(about(view, len(drawn)))


@st.cache_data(show_spinner=False, max_entries=32)
def _spec(reference: Reference, name: str, solid: bool, shown: tuple[int, ...], drawn: bytes, spoken: str) -> str:
    """spoken: the language of the names that stand in it."""
    made = map_cache.picture(reference, name, solid)
    named = {} if solid else colouring.centres(reference, name, shown[-1])
    places = {text: np.array(place, np.float32) for text, place in named.items()}
    spec = scatter.cloud(made.projection.points, np.frombuffer(drawn, np.int64), view_data.titles(made), places)
    return json.dumps(spec)


def about(view: View, count: int) -> str:
    """What is drawn, how to use it, and how far it can be trusted."""
    some = say(
        "{count} dots: {samples} samples × {combinations} combinations.",
        count=f"{count:,}",
        samples=f"{int(view.drawn.sum()):,}",
        combinations=len(view.shown),
    )
    how = (
        say("Rotate it with the mouse.")
        if view.solid
        else say("Select samples with the lasso; click one to follow it.")
    )
    if view.picture == map_cache.PCA:
        return f"{some} {how}"
    believed = say(
        "**Near dots are alike; between far groups, distances mean little.** A sample that is placed by its neighbours "
        "lands, in the middle case, {share} of the map's width from where UMAP put it.",
        share=wording.percent(view.made.error),
    )
    return f"{some} {how} {believed}"
