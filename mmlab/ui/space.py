"""The heart of Embed: the map of all samples under all combinations, and beside it the path of one sample.

The map is one constant figure per way of colouring, so that zoom survives; what a click leads to is drawn beside it."""

from __future__ import annotations

import csv
import io
from functools import partial

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from mmlab.analysis.embedding import correct
from mmlab.analysis.maps import Map, Places
from mmlab.core.errors import CheckpointError
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Classification
from mmlab.core.results import Sweep
from mmlab.library import Reference
from mmlab.ui import cache, colouring, focus, frame, state, widgets, words
from mmlab.viz import embedding as drawn
from mmlab.viz import paths, theme
from mmlab.viz.attribution import overlay

PICTURES = {"umap": "UMAP", "pca": "PCA"}
SEEN = "mmlab.embed.sample"
FAR = 0.99


@frame.panel
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """The map with its controls, the path, and the numbers."""
    modalities = cache.task(task_name).info.modalities
    for_method, for_picture = st.columns(2, gap="large")
    with for_method:
        reference = focus.method(references)
        found = cache.sweep(reference)
        shown = _shown(found, modalities)
    with for_picture:
        kind = _choice("picture", "Map", tuple(PICTURES), PICTURES, "map")
        there = colouring.ways(found, cache.task(task_name).info.output)
        colour = _choice("colour", "Colour by", there, colouring.COLOURS)
    made, kind = _picture(reference, kind)
    point = _point(sample, found)
    left, right = st.columns([5, 4], gap="large")
    with left, frame.trouble():
        st.subheader("All samples", help=words.help("map"), anchor=False)
        figure = _figure(reference, kind, colour, shown)
        st.plotly_chart(
            figure,
            theme=None,
            config=theme.CONFIG,
            key=chart_key(reference, kind, colour, shown),
            on_select=partial(pick, reference, kind, colour, shown, sample),
            selection_mode="points",
        )
        st.caption(_about(found, made, kind))
    with right, frame.trouble():
        st.subheader("One sample", help=words.help("path"), anchor=False)
        _one(reference, kind, sample, point, found)
    with st.container(horizontal=True, vertical_alignment="center", key="mm-foot"):
        widgets.numbers_help("map", "path", "variance", "ellipse", "likeness")
        data, name = partial(as_csv, found, made), f"mmlab-map-{task_name}-{reference.method}-{kind}.csv"
        st.download_button("Numbers (CSV)", data=data, file_name=name, mime="text/csv", on_click="ignore")


def _choice(field: str, label: str, there: tuple[str, ...], names: dict[str, str], term: str = "") -> str:
    chosen = state.get(field) if state.get(field) in there else there[0]
    st.pills(
        label,
        there,
        format_func=names.__getitem__,
        key=state.follow(field, chosen),
        required=True,
        wrap=True,
        help=words.help(term) if term else None,
        on_change=lambda: state.put(**{field: st.session_state[field]}),
    )
    return chosen


def _shown(found: Sweep, modalities: Modalities) -> tuple[int, ...]:
    """The combinations that are drawn, by position; all of them where the address says nothing."""
    wanted = [key for key in state.get("shown").split(",") if key in found.combinations]
    chosen = wanted or list(found.combinations)
    letters = _letters(found, modalities)
    st.pills(
        "Combinations shown",
        found.combinations,
        selection_mode="multi",
        wrap=True,
        format_func=letters.__getitem__,
        key=state.follow("shown", chosen),
        help=words.help("combination"),
        on_change=partial(_show, found.combinations),
    )
    return tuple(found.index(key) for key in found.combinations if key in chosen)


def _show(everything: tuple[str, ...]) -> None:
    chosen = [key for key in everything if key in st.session_state["shown"]]
    state.put(shown=None if len(chosen) == len(everything) else ",".join(chosen) or None)


def _picture(reference: Reference, kind: str) -> tuple[Map, str]:
    """The map that was asked for; PCA, and why, where there is none."""
    try:
        return cache.picture(reference, kind), kind
    except CheckpointError as error:
        if kind == "pca":
            raise
        frame.say(error, quiet=True)
        return cache.picture(reference, "pca"), "pca"


@st.cache_resource(show_spinner=False, max_entries=24)
def _figure(reference: Reference, kind: str, colour: str, shown: tuple[int, ...]) -> go.Figure:
    found, made = cache.sweep(reference), cache.picture(reference, kind)
    info = cache.task(reference.task).info
    letters = _letters(found, info.modalities)
    colours, names = colouring.colouring(found, made, info.output, colour, tuple(letters.values()), shown[-1])
    return drawn.scatter(made.projection.points, colours, shown, names, _titles(made))


def _titles(made: Map) -> tuple[str, str] | None:
    if made.projection.kind != "pca":
        return None
    parts = [words.percent(float(made.projection.settings[f"explained_{i}"])) for i in (1, 2)]
    return f"first axis, {parts[0]} of the spread", f"second axis, {parts[1]}"


def _about(found: Sweep, made: Map, kind: str) -> str:
    count = f"{len(found.ids):,} samples × {len(found.combinations)} combinations. Click a dot to follow its sample."
    if kind == "pca":
        return count
    return (
        f"{count} **Near dots are alike; between far groups, distances mean little.** "
        f"A sample that the map was made with, looked up without itself, lands {words.percent(made.error)} of the "
        "map's width from its place, in the middle case; a new one may land further away."
    )


def chart_key(reference: Reference, kind: str, colour: str, shown: tuple[int, ...]) -> str:
    """A chart of its own for each figure: what is selected belongs to it."""
    return f"map.{reference.name}.{kind}.{colour}.{'.'.join(map(str, shown))}"


def pick(reference: Reference, kind: str, colour: str, shown: tuple[int, ...], sample: str) -> None:
    """A dot was clicked: go to its sample, which has recordings here if it is in the gallery, and its combination."""
    event = st.session_state.get(chart_key(reference, kind, colour, shown))
    hits = event["selection"]["points"] if event else []
    if not hits:
        return
    found = cache.sweep(reference)
    clicked = hits[0]["customdata"]
    combination, row = divmod(int(clicked[0] if isinstance(clicked, list) else clicked), len(found.ids))
    key, chosen = found.combinations[combination], found.ids[row]
    in_gallery = chosen in cache.task(reference.task).gallery()
    st.session_state[SEEN] = chosen if in_gallery else sample
    everything = key == max(found.combinations, key=lambda other: other.count("-"))
    fields = {"sample": chosen, "point": None} if in_gallery else {"point": chosen}
    state.put(on=None if everything else key, **fields)


def _point(sample: str, found: Sweep) -> str:
    """The sample whose path is drawn: the one of the page, or a dot without recordings that was clicked since."""
    if st.session_state.setdefault(SEEN, sample) != sample:
        st.session_state[SEEN] = sample
        state.put(point=None)
    point = state.get("point")
    return point if point in found.ids else sample


def _one(reference: Reference, kind: str, sample: str, point: str, found: Sweep) -> None:
    modalities = cache.task(reference.task).info.modalities
    if point == sample:
        looked = focus.looked(reference.task, sample)
        if not looked.given:
            st.caption("This sample has no input that can be used.")
            return
        places = cache.places(reference, kind, sample, looked.damages)
        _inputs(looked)
        right = _right(reference, looked, places)
        on = looked.on.key if looked.on is not None else ""
    else:
        places = cache.places(reference, kind, point)
        right, on = places.right, state.get("on") or places.keys[-1]
        row = found.ids.index(point)
        answer = colouring.truth(cache.task(reference.task).info.output, found.target[row])
        st.caption(
            f"**{frame.plain(point)}** · right answer: **{frame.plain(answer)}** · "
            f"{frame.plain(found.groups[row])}. Its recordings are not among those that ship with the app."
        )
    letters = {key: _letter(key, modalities) for key in places.keys}
    steps = [
        paths.Step(
            key=key,
            letters=letters[key],
            place=places.points[row],
            good=None if right is None else bool(right[row]),
            spread=None if places.spread is None else places.spread[row],
        )
        for row, key in enumerate(places.keys)
    ]
    made = cache.picture(reference, kind)
    figure = paths.path(made.projection.points, steps, paths.chain(places.keys, on), _titles(made))
    st.plotly_chart(figure, theme=None, config=theme.CONFIG, key="path")
    _remarks(places, reference)
    variance = None if places.variance is None else places.variance.tolist()
    st.html(paths.table(steps, places.likeness.tolist(), variance, on))


def _inputs(looked: focus.Looked) -> None:
    """The switches, and below them what the model sees of each input."""
    modalities = looked.task.info.modalities
    with st.container(horizontal=True, gap="medium", key="mm-switches"):
        for modality in modalities:
            widgets.toggle(modality, looked.given, looked.on)
    pictures = ""
    for modality in modalities:
        if modality.name in looked.world.arrays:
            array = looked.world.arrays[modality.name]
            flat, said = np.zeros(array.shape[1:] or array.shape), looked.world.words[modality.name]
            plain = overlay(modality.kind, array, flat, modality.label, words=said)
            pale = 1 if looked.on is not None and modality.name in looked.on else 0.25
            pictures += f'<div style="flex:0 1 96px;opacity:{pale}">{plain}</div>'
    st.html(f'<div style="display:flex;gap:.7rem;align-items:center">{pictures}</div>')


def _right(reference: Reference, looked: focus.Looked, places: Places) -> np.ndarray | None:
    if not isinstance(looked.task.info.output, Classification) or not looked.item.answer:
        return None
    answers = cache.answers(reference, looked.item.id, looked.damages)
    return np.array([answers[key].answer == looked.item.answer for key in places.keys])


def _remarks(places: Places, reference: Reference) -> None:
    if places.spread is None:
        st.caption(f"{cache.title(reference.method)} gives no variance, so there are no ellipses.")
    else:
        st.caption("Each ellipse reaches two standard deviations: the model's own doubt about the place.")
    if not places.known:
        far = [key for key, part in zip(places.keys, places.far, strict=True) if part >= FAR]
        st.caption("This sample is new to the map; it lies where its nearest neighbours do.")
        if far:
            st.info(
                f"Under {len(far)} of {len(places.keys)} combinations it is farther from all known samples than they "
                "are from each other: what the model says there was never tested."
            )


def _letter(key: str, modalities: Modalities) -> str:
    return "".join(modalities[name].letter for name in key.split("-"))


def _letters(found: Sweep, modalities: Modalities) -> dict[str, str]:
    return {key: _letter(key, modalities) for key in found.combinations}


def as_csv(found: Sweep, made: Map) -> bytes:
    """A row per combination and sample: its place, and what the model says of it."""
    text = io.StringIO()
    writer = csv.writer(text)
    right = correct(found)
    writer.writerow(["sample", "group", "combination", "target", "x", "y", "variance", "right"])
    for k, key in enumerate(found.combinations):
        for n, name in enumerate(found.ids):
            x, y = made.projection.points[k, n, :2]
            variance = "" if found.variance is None else f"{found.variance[k, n].mean():.6g}"
            target = found.target[n] if found.target.ndim == 1 else ""
            row = [name, found.groups[n], key, target, f"{x:.6g}", f"{y:.6g}", variance]
            writer.writerow([*row, "" if right is None else int(right[k, n])])
    return text.getvalue().encode()
