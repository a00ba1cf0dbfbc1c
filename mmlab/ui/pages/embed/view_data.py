"""The data shared by the sections of Embed: one model's map, its colouring, the combinations, the sample, the
selection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.embedding import custom_maps
from mmlab.analysis.embedding.maps import Map
from mmlab.analysis.embedding.point_attributes import LABEL
from mmlab.core.errors import CheckpointError
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.core.task import Task
from mmlab.ui.components import page_frame, selection
from mmlab.ui.pages.embed import colouring, map_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.embed import point_colours, scatter

CONTROLS = ("picture", "axes", "colour", "shown", "many")
CHOICES = ("picture", "axes", "colour")
MOST = 10_000  # points that stay fluid in the browser
ALL = "all"


@dataclass(frozen=True)
class View:
    """Everything a section needs. picture: the map's name; solid: in three dimensions; drawn: bool `[N]`, the samples
    that are drawn; point: the sample whose path is drawn, which may be one without recordings; rows: the chosen ones.
    """

    task: Task
    references: tuple[Reference, ...]
    reference: Reference
    found: Sweep
    made: Map
    picture: str
    solid: bool
    colour: str
    shown: tuple[int, ...]
    drawn: NDArray[np.bool_]
    sample: str
    point: str
    rows: tuple[int, ...] | None

    @cached_property
    def letters(self) -> dict[str, str]:
        """`IS` by `image-sound`."""
        return colouring.letters_of(self.reference)

    @cached_property
    def colours(self) -> point_colours.PointColours:
        """The colours of the points, drawn or not."""
        return colouring.colours_of(self.reference, self.colour)

    def places(self, points: NDArray[np.float32]) -> NDArray[np.int64]:
        """The flat positions of the points that are drawn."""
        return scatter.drawable(points, self.shown, self.drawn)

    @property
    def about(self) -> str:
        """The content of the picture, in a few words."""
        kind = "PCA" if self.picture == map_cache.PCA else "UMAP"
        return say(
            "{map} of {model} on {task}",
            map=kind,
            model=cache.title(self.reference.method),
            task=say(self.task.title),
        )


def titles(made: Map) -> tuple[str, ...] | None:
    """What the axes of a PCA mean; nothing for a UMAP, whose axes have no meaning."""
    if made.projection.kind != "pca":
        return None
    count = made.projection.points.shape[2]
    parts = [wording.percent(float(made.projection.settings[f"explained_{i + 1}"])) for i in range(count)]
    names = (
        phrase("first axis, {share} of the spread"),
        phrase("second axis, {share}"),
        phrase("third axis, {share}"),
    )
    return tuple(say(name, share=part) for name, part in zip(names, parts, strict=False))


def truth(task: Task, target: Any) -> str:
    """The right answer of a test sample in words; empty for regions."""
    output = task.info.output
    return output.in_words(target) if output.is_one_target or output.label_names else ""


def choice(
    field: str, label: str, there: Sequence[str], shown: Callable[[str], str], term: str = "", hidden: bool = False
) -> str:
    """One of a few, as pills; it stands in the address. Shows nothing where there is no choice."""
    usual = there[0]
    chosen_now = url_state.get(field) if url_state.get(field) in there else usual
    if len(there) > 1 and not hidden:
        st.pills(
            label,
            there,
            format_func=shown,
            key=url_state.follow(f"embed.{field}", chosen_now),
            required=True,
            wrap=True,
            help=wording.help(term) if term else None,
            on_change=partial(_put, field, usual),
        )
    return chosen_now


def make(
    task: Task,
    references: tuple[Reference, ...],
    reference: Reference,
    sample: str,
    point: str,
    controls: Sequence[str] = CONTROLS,
) -> View:
    """The controls above the sections, and what they ask for; what has no control here is as the address says."""
    found = cache.sweep(reference)
    with st.container(horizontal=True, gap="medium", vertical_alignment="top", key="mm-embed"):
        pick = {field: partial(choice, hidden=field not in controls) for field in CHOICES}
        name = pick["picture"]("picture", say("Map"), _pictures(), picture_title, "map")
        solid = pick["axes"]("axes", say("Axes"), ("2", "3"), lambda number: f"{number}-D") == "3"
        colour = pick["colour"]("colour", say("Colour by"), colouring.ways(reference), colouring.choice_name, "colour")
        if colour == "label":
            colour = _label(task.info.output.label_names, "colour" not in controls)
        shown = _shown(reference, "shown" not in controls)
    made, name = _picture(reference, name, solid, "picture" not in controls)
    drawn = _sampled(found, shown, "many" not in controls)
    rows = selection.rows(found.ids)
    return View(task, references, reference, found, made, name, solid, colour, shown, drawn, sample, point, rows)


def usual(task: Task, references: tuple[Reference, ...], reference: Reference, sample: str) -> View:
    """A flat map of everything without a control: the stored one, or PCA where none was. Raises CheckpointError."""
    found = cache.sweep(reference)
    try:
        made, name = map_cache.picture(reference, map_cache.UMAP), map_cache.UMAP
    except CheckpointError:
        made, name = map_cache.picture(reference, map_cache.PCA), map_cache.PCA
    every, drawn = tuple(range(len(found.combinations))), np.ones(len(found.ids), bool)
    return View(task, references, reference, found, made, name, False, "class", every, drawn, sample, sample, None)


def picture_title(name: str) -> str:
    """The name of a map for people."""
    if name in (map_cache.UMAP, map_cache.PCA):
        return name.upper()
    settings = custom_maps.settings_of(name)
    metric = "" if settings.metric == "euclidean" else f", {settings.metric}"
    return say(
        "UMAP, {count} near, {distance}{metric}, seed {seed}",
        count=settings.neighbours,
        distance=f"{settings.minimum_distance:g}",
        metric=metric,
        seed=settings.seed,
    )


def _label(names: Sequence[str], hidden: bool) -> str:
    """Which of several labels colours the dots; the one that tells most samples apart where the address names none."""
    chosen = url_state.get("label") if url_state.get("label") in names else ""
    if not hidden:
        st.selectbox(
            say("Which label"),
            ["", *names],
            format_func=lambda name: name or say("The most even one"),
            key=url_state.follow("embed.label", chosen),
            on_change=lambda: url_state.put(label=st.session_state["embed.label"] or None),
            width=200,
        )
    return f"{LABEL}{chosen}" if chosen else "label"


def _pictures() -> tuple[str, ...]:
    """The maps that can be chosen: the two usual ones, and what the address names."""
    wanted = url_state.get("picture")
    if not wanted.startswith(custom_maps.PREFIX):
        return map_cache.UMAP, map_cache.PCA
    try:
        custom_maps.settings_of(wanted)
    except CheckpointError as error:
        page_frame.show_error(error, quiet=True)
        return map_cache.UMAP, map_cache.PCA
    return map_cache.UMAP, map_cache.PCA, wanted


def _put(field: str, usual: str) -> None:
    value = st.session_state[f"embed.{field}"]
    url_state.put(**{field: None if value == usual else value})


def _shown(reference: Reference, hidden: bool) -> tuple[int, ...]:
    """The combinations that are drawn, by position; all of them where the address says nothing."""
    found = cache.sweep(reference)
    wanted = [key for key in url_state.get("shown").split(",") if key in found.combinations]
    kept = wanted or list(found.combinations)
    if hidden:
        return tuple(found.index(key) for key in found.combinations if key in kept)
    st.pills(
        say("Combinations shown"),
        found.combinations,
        selection_mode="multi",
        wrap=True,
        format_func=colouring.letters_of(reference).__getitem__,
        key=url_state.follow("shown", kept),
        help=wording.help("combination"),
        on_change=partial(_show, found.combinations),
    )
    return tuple(found.index(key) for key in found.combinations if key in kept)


def _show(everything: tuple[str, ...]) -> None:
    kept = [key for key in everything if key in st.session_state["shown"]]
    url_state.put(shown=None if len(kept) == len(everything) else ",".join(kept) or None)


def _picture(reference: Reference, name: str, solid: bool, hidden: bool) -> tuple[Map, str]:
    """The map that was asked for; PCA, and why where it is seen, where there is none."""
    try:
        return map_cache.picture(reference, name, solid), name
    except CheckpointError as error:
        if name == map_cache.PCA:
            raise
        if not hidden:
            page_frame.show_error(error, quiet=True)
        return map_cache.picture(reference, map_cache.PCA, solid), map_cache.PCA


def _sampled(found: Sweep, shown: Sequence[int], hidden: bool) -> NDArray[np.bool_]:
    """Which samples are drawn; where they are too many, by a rule that is said, with a switch to all."""
    count = len(found.ids)
    if count * len(shown) <= MOST:
        return np.ones(count, bool)
    everything = url_state.get("many") == ALL
    labels = found.target if found.target.ndim == 1 and np.issubdtype(found.target.dtype, np.integer) else None
    some = scatter.sampled(labels, count, len(shown), MOST)
    if hidden:
        return some
    st.toggle(
        say("Draw all {count} dots", count=f"{count * len(shown):,}"),
        key=url_state.follow("embed.many", everything),
        help=say(
            "More than {most} dots are slow in a browser, so {count} of {total} samples are drawn, of each class its "
            "share. All numbers on this page are of all samples.",
            most=f"{MOST:,}",
            count=f"{int(some.sum()):,}",
            total=f"{count:,}",
        ),
        on_change=lambda: url_state.put(many=ALL if st.session_state["embed.many"] else None),
    )
    return np.ones(count, bool) if everything else some
