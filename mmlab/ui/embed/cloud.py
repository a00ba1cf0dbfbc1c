"""The map of all samples under all combinations: coloured, searched, caught with a lasso, with one sample over it."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import streamlit as st

from mmlab.library import Reference
from mmlab.ui import frame, widgets, words
from mmlab.ui.embed import caught, exports, figure, pictures, sample
from mmlab.ui.embed import view as views
from mmlab.ui.embed.view import View
from mmlab.viz.embedding import clouds, looks


def show(view: View) -> None:
    """The map with what was caught on it, and the picked sample with its neighbours, beside each other."""
    path = sample.find(view)
    left, right = st.columns([5, 4], gap="large")
    with left, frame.trouble():
        st.subheader("All samples", help=words.help("map"), anchor=False)
        _map(view, path)
        caught.search(view)
    with left, frame.trouble():
        caught.show(view)
    with right, frame.trouble():
        sample.show(view, path)
    with right, frame.trouble():
        if path is not None:
            sample.near(view, path)
    exports.offer(view)
    widgets.numbers_help("map", "path", "variance", "ellipse", "likeness", "nearest", "choosing")


def _map(view: View, path: sample.Path | None) -> None:
    drawn = view.places(view.made.projection.points)
    st.html(view.look.legend(drawn))
    spec = _spec(view.reference, view.picture, view.solid, view.shown, drawn.tobytes())
    over = clouds.sample(*((path.over, path.lit) if path is not None else ((), ())), solid=view.solid)
    figure.show(
        spec,
        [looks.change(view.look, [drawn]), over],
        key="embed.map",
        name=f"mmlab-map-{view.task.name}-{view.reference.method}",
        alt=f"{view.about}, coloured by {views.COLOURS[view.colour].lower()}. The numbers are in the files below",
        samples=len(view.found.ids),
        solid=view.solid,
        chosen=view.rows,
        on_click=partial(sample.pick, view),
        on_select=partial(caught.choose, view),
    )
    st.caption(about(view, len(drawn)))


@st.cache_data(show_spinner=False, max_entries=32)
def _spec(reference: Reference, name: str, solid: bool, shown: tuple[int, ...], drawn: bytes) -> str:
    made = pictures.picture(reference, name, solid)
    named = {} if solid else views.centres(reference, name, shown[-1])
    places = {text: np.array(place, np.float32) for text, place in named.items()}
    spec = clouds.cloud(made.projection.points, np.frombuffer(drawn, np.int64), views.titles(made), places)
    return json.dumps(spec)


def about(view: View, count: int) -> str:
    """What is drawn, how to use it, and how far it is to be believed."""
    some = f"{count:,} dots: {int(view.drawn.sum()):,} samples × {len(view.shown)} combinations."
    how = "Turn it with the mouse." if view.solid else "Catch samples with the lasso; a click follows one."
    if view.picture == pictures.PCA:
        return f"{some} {how}"
    return (
        f"{some} {how} **Near dots are alike; between far groups, distances mean little.** A sample that is placed by "
        f"its neighbours lands, in the middle case, {words.percent(view.made.error)} of the map's width from where "
        "UMAP put it."
    )
