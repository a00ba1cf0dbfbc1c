"""Two models' maps side by side, the second aligned to the first, with the same samples highlighted in both."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import streamlit as st

from mmlab.analysis.embedding.alignment import align
from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame, pickers, plotly_figure
from mmlab.ui.pages.embed import colouring, map_cache, sample_path, selection_panel
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.embed import point_colours, scatter


def show(view: View) -> None:
    """The picker of the second model, both maps, and how far they are alike."""
    st.subheader(say("Two models"), help=wording.help("beside"), anchor=False)
    other = _second(view)
    if other is None:
        st.caption(say("This needs a second measured model of the same task."))
        return
    second = cache.sweep(other)
    if second.ids != view.found.ids or second.combinations != view.found.combinations:
        raise CheckpointError(say("The two models were measured on different samples."), say("Measure both again."))
    name = _common(view, other)
    (first, laid), disparity = _both(view.reference, other, name)
    panels = [scatter.drawable(points, view.shown, view.drawn) for points in (first, laid)]
    colour = view.colour if view.colour in colouring.ways(other) else "combination"
    both = [view.colours, colouring.colours_of(other, colour)]
    st.html(view.colours.legend(panels[0]))
    changes = [point_colours.restyled(colours, [panel]) for colours, panel in zip(both, panels, strict=True)]
    plotly_figure.show(
        _spec(view.reference, other, name, view.shown, view.drawn.tobytes()),
        [(changes[0][0], [0]), (changes[1][0], [1])],
        key="embed.pair",
        name=f"mmlab-maps-{view.task.name}-{view.reference.method}-{other.method}",
        alt=say("{about}, and the same of {other} beside it", about=view.about, other=_title(other)),
        samples=len(view.found.ids),
        chosen=view.rows,
        on_click=partial(sample_path.pick, view),
        on_select=partial(selection_panel.choose, view),
    )
    st.caption(
        say(
            "The right map is aligned to the left one (Procrustes). Disparity: **{disparity}** (0 is the "
            "same shape, 1 nothing in common). Select dots on one side: the same samples are highlighted "
            "on both.",
            disparity=f"{disparity:.2f}",
        )
    )
    selection_panel.show(view)
    pickers.numbers_help("beside", "map", "choosing")


def _second(view: View) -> Reference | None:
    """Another measured run of the task, of the address; the first other method where it names none."""
    runs = {f"{each.method}/{each.tag}": each for each in _runs(view.task.name) if each != view.reference}
    if not runs:
        return None
    wanted = url_state.get("beside")
    chosen_methods = {reference.method for reference in view.references}
    usual = next((name for name, each in runs.items() if each.method in chosen_methods), next(iter(runs)))
    now = wanted if wanted in runs else usual
    st.selectbox(
        say("Second model"),
        list(runs),
        format_func=lambda name: _title(runs[name]),
        key=url_state.follow("embed.beside", now),
        on_change=lambda: url_state.put(beside=st.session_state["embed.beside"]),
        width=320,
    )
    return runs[now]


def _runs(task_name: str) -> tuple[Reference, ...]:
    """The runs that were measured, those of a method's first seed first."""
    there = [each for each in cache.library().references(task_name) if cache.report(each).get("digest")]
    measured = [each for each in there if _has_sweep(each)]
    first = {each.method: each for each in reversed(measured)}
    return tuple(sorted(measured, key=lambda each: (first[each.method] != each, each.method, each.tag)))


@st.cache_data(show_spinner=False, max_entries=128)
def _has_sweep(reference: Reference) -> bool:
    try:
        cache.sweep(reference)
    except MmlabError:
        return False
    return True


def _title(reference: Reference) -> str:
    return f"{cache.title(reference.method)}, {reference.tag}"


def _common(view: View, other: Reference) -> str:
    """The kind of map that both have."""
    try:
        map_cache.picture(other, view.picture)
        return view.picture
    except CheckpointError:
        page_frame.show_error(
            CheckpointError(say("{other} has no such map.", other=_title(other)), say("Both are shown as PCA.")),
            quiet=True,
        )
        return map_cache.PCA


@st.cache_resource(show_spinner=False, max_entries=16)
def _both(first: Reference, second: Reference, name: str) -> tuple[tuple[np.ndarray, np.ndarray], float]:
    one, other = (map_cache.picture(each, name).projection.points for each in (first, second))
    laid, disparity = align(other, one)
    return (one, laid), disparity


@st.cache_data(show_spinner=False, max_entries=16)
def _spec(first: Reference, second: Reference, name: str, shown: tuple[int, ...], drawn: bytes) -> str:
    points, some = _both(first, second, name)[0], np.frombuffer(drawn, bool)
    is_one_method = first.method == second.method
    panels = [  # named by what differs: on a phone there is no room for more
        scatter.Panel(
            each.tag if is_one_method else cache.title(each.method), place, scatter.drawable(place, shown, some)
        )
        for each, place in zip((first, second), points, strict=True)
    ]
    return json.dumps(scatter.several(panels, 2))
