"""Another map of the same embeddings, with custom settings: computed in the background, cached on disk."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from mmlab.analysis.embedding import custom_maps
from mmlab.analysis.embedding.map_quality import neighbour_overlap
from mmlab.analysis.embedding.maps import MapSettings
from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import MmlabError
from mmlab.core.options import describe
from mmlab.core.permissions import Action
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.ui.components import background_task, pickers
from mmlab.ui.pages.embed import map_cache
from mmlab.ui.pages.embed.view_data import View, picture_title
from mmlab.ui.session import access, cache, url_state
from mmlab.ui.text import wording

LABELS = {
    "neighbours": phrase("Neighbours"),
    "minimum_distance": phrase("Distance"),
    "metric": phrase("Metric"),
    "seed": phrase("Seed"),
}


def show(view: View) -> None:
    """The settings, the progress, and what is known of the map once it is there."""
    st.subheader(say("Custom UMAP"), help=wording.help("fitting"), anchor=False)
    name = _work_name(view.reference)
    busy = background_task.alive(name)
    st.fragment(_panel, run_every=background_task.EVERY_SECONDS if busy else None)(view.reference, busy)
    if view.picture.startswith(custom_maps.PREFIX):
        _about(view)
    pickers.numbers_help("fitting", "map", "trust", "overlap")


def _panel(reference: Reference, was_busy: bool) -> None:
    name = _work_name(reference)
    busy = background_task.alive(name)
    settings = _form(busy)
    digest = cache.sweep(reference).digest
    there = custom_maps.made(digest, settings)
    if was_busy and not busy:
        if there:
            url_state.put(picture=custom_maps.name_of(settings))
        st.rerun()
    background_task.show(name, say("Fitting the map"))
    if busy:
        return
    if there:
        st.button(say("Show this map"), type="primary", on_click=partial(_go, settings))
        st.caption(say("It was fitted before and is stored on this machine."))
        return
    st.button(
        say("Fit"),
        type="primary",
        on_click=partial(_start, reference, settings),
        **access.disabled_if_refused(Action.MAP),
    )
    st.caption(
        say(
            "Takes about a minute for {count} dots, in a process of its own.",
            count=f"{cache.sweep(reference).mean[..., 0].size:,}",
        )
    )


def _form(busy: bool) -> MapSettings:
    """What can be chosen, with the bounds that the settings have; what the address shows is where it begins."""
    wanted = url_state.get("picture")
    start = MapSettings()
    if wanted.startswith(custom_maps.PREFIX):
        try:
            start = custom_maps.settings_of(wanted)
        except MmlabError:
            start = MapSettings()
    options = {item.name: item for item in describe(MapSettings)}
    values: dict[str, object] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-fit"):
        for field, label in LABELS.items():
            item, key, now = options[field], f"embed.fit.{field}", getattr(start, field)
            if item.choices:
                place = item.choices.index(now)
                values[field] = st.selectbox(
                    say(label), item.choices, place, key=key, help=say(item.help), disabled=busy, width=160
                )
            elif item.kind is float:
                values[field] = st.number_input(
                    say(label),
                    item.low,
                    item.high,
                    float(now),
                    0.05,
                    key=key,
                    help=say(item.help),
                    disabled=busy,
                    width=130,
                )
            else:
                low, high = int(item.low or 0), int(item.high or 9999)
                values[field] = st.number_input(
                    say(label), low, high, int(now), key=key, help=say(item.help), disabled=busy, width=130
                )
    return replace(MapSettings(), **values)  # type: ignore[arg-type]


def _about(view: View) -> None:
    """How alike the map is to the one that ships."""
    try:
        shipped = map_cache.picture(view.reference, map_cache.UMAP)
    except MmlabError:
        return
    share = _overlap(view.reference, view.picture)
    good, whole, _ = map_cache.trust(view.reference, view.picture)
    told = say(
        "**{map}**: trustworthiness {trustworthiness}, continuity {continuity}. {share} of a dot's neighbours are its "
        "neighbours on the shipped map, too.",
        map=picture_title(view.picture),
        trustworthiness=f"{good:.3f}",
        continuity=f"{whole:.3f}",
        share=wording.percent(share),
    )
    if shipped.overlap is not None:
        told += f" {say('With nothing but another seed it is {share}.', share=wording.percent(shipped.overlap))}"
    st.caption(told)


@st.cache_data(show_spinner=False, max_entries=32)
def _overlap(reference: Reference, name: str) -> float:
    one, other = (map_cache.picture(reference, each).projection.points for each in (map_cache.UMAP, name))
    both = valid(cache.sweep(reference)) & np.isfinite(one).all(2) & np.isfinite(other).all(2)
    return neighbour_overlap(one[both], other[both], most=map_cache.ASKED)


def _work_name(reference: Reference) -> str:
    return f"map of {reference.name}"


def _go(settings: MapSettings) -> None:
    url_state.put(picture=custom_maps.name_of(settings), part=None)


def _start(reference: Reference, settings: MapSettings) -> None:
    digest = cache.sweep(reference).digest
    job = partial(custom_maps.make, Path(reference.path), digest, settings)
    background_task.start(_work_name(reference), job)
