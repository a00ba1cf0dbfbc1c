"""How far the projection can be trusted, and the facts in the model's own space, which no map can show."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.embedding import map_quality
from mmlab.analysis.embedding.point_attributes import Labels, Property, main, neighbour_score
from mmlab.analysis.embedding.projection import valid
from mmlab.core.number_text import fixed
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.ui.components import figure_card, pickers
from mmlab.ui.pages.embed import map_cache
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.viz.base import heatmap, theme
from mmlab.viz.base.figure import Figure

FEWEST = 6
DASH = "–"
UNDEFINED = phrase("not defined, since the samples have one class or number only")


@dataclass(frozen=True)
class NeighbourQuality:
    """Of one combination: k-NN accuracy in the model's space and on the map, and the silhouette coefficient."""

    space: float
    map: float
    silhouette: float


def show(view: View) -> None:
    """Trustworthiness, continuity and the luck of the seed; then the model's own space beside the map."""
    st.subheader(say("Map quality"), help=wording.help("trust"), anchor=False)
    _picture(view)
    st.info(
        say(
            "**Between far groups, distances mean little**, and so do the sizes of groups. UMAP keeps "
            "neighbours together and puts the groups wherever there is room."
        )
        if view.picture != map_cache.PCA
        else say(
            "**Dots that lie on each other may be far apart**: a PCA shows two or three directions out of {count}.",
            count=view.found.mean.shape[2],
        )
    )
    st.subheader(say("The model's own space"), help=wording.help("near_accuracy"), anchor=False)
    figure_card.show(_table(view), "embed.known")
    pickers.numbers_help("trust", "overlap", "near_accuracy", "silhouette")


def _picture(view: View) -> None:
    good, whole, count = map_cache.trust(view.reference, view.picture, view.solid)
    pca = map_cache.trust(view.reference, map_cache.PCA, view.solid)
    columns = st.columns(4)
    against = [] if view.picture == map_cache.PCA else [good - pca[0], whole - pca[1]]
    beside = [say("{difference} against PCA", difference=fixed(each, 3, True, "-")) for each in against] or ["", ""]
    columns[0].metric(say("Trustworthiness"), f"{good:.3f}", beside[0] or None, help=wording.help("trust"))
    columns[1].metric(say("Continuity"), f"{whole:.3f}", beside[1] or None, help=wording.help("trust"))
    flat = map_cache.picture(view.reference, view.picture)
    same = "–" if flat.overlap is None else wording.percent(flat.overlap)
    columns[2].metric(say("Stability across seeds"), same, help=wording.help("overlap"))
    error = say("exact") if view.picture == map_cache.PCA else wording.percent(view.made.error)
    columns[3].metric(say("Error of new samples"), error, help=wording.help("path"))
    st.caption(
        say(
            "From the {count} nearest neighbours of at most {dots} dots, among all of them.",
            count=count,
            dots=f"{map_cache.ASKED:,}",
        )
    )


def _table(view: View) -> Figure:
    with st.spinner(say("Finding the neighbours …")):
        known = neighbour_quality(view.reference, view.picture, view.solid)
    name, kind = asked(view.reference)
    heading = say("k-NN accuracy") if isinstance(kind, Labels) else say("k-NN correlation")
    space = say("{measure}: model", measure=heading)
    columns = [heatmap.Head("space", label=space), heatmap.Head("map", label=say("on the map"))]
    columns += [heatmap.Head("silhouette", label=say("silhouette"))] if isinstance(kind, Labels) else []
    task = view.task.info.modalities
    shades = [(item.letter, theme.modality_colour(i)) for i, item in enumerate(task)]
    rows, numbers = [], []
    for key, found in known.items():
        values = [found.space, found.map, *([found.silhouette] if isinstance(kind, Labels) else [])]
        label = task.parse(key).label
        cells = [
            heatmap.Cell(
                _text(value, i < 2 and isinstance(kind, Labels)), _share(value), _tip(label, value), theme.ACCENT
            )
            for i, value in enumerate(values)
        ]
        rows.append((heatmap.Head(key, tuple(each in key.split("-") for each in task.names)), cells))
        numbers.append((key, *values))
    title = f"{heading}, {cache.title(view.reference.method)}: {say(name)}"
    header = ("combination", "in_the_model", "on_the_map", *(["silhouette"] if isinstance(kind, Labels) else []))
    drawing = heatmap.grid(columns, rows, shades, title, wide=176)
    note = say(
        "Neighbours are other samples under the same combination; embeddings as stored, in 32 steps per dimension."
    )
    if any(cell.text == DASH for _, cells in rows for cell in cells):
        note += f" {say('A dash: {why}.', why=say(UNDEFINED))}"
    return Figure(f"embedding-{view.task.name}-{view.reference.method}", title, drawing, header, numbers, note)


def asked(reference: Reference) -> tuple[str, Property]:
    """The property that the neighbours predict: the class, the number or the Dice score."""
    return main(map_cache.attributes(reference))


@st.cache_resource(show_spinner=False, max_entries=32)
def neighbour_quality(reference: Reference, name: str, solid: bool) -> dict[str, NeighbourQuality]:
    """By combination, for those that enough samples have."""
    found, points = cache.sweep(reference), map_cache.picture(reference, name, solid).projection.points
    kind, there = asked(reference)[1], valid(found)
    result = {}
    for row, key in enumerate(found.combinations):
        kept = there[row] & np.isfinite(points[row]).all(1)
        if kept.sum() >= FEWEST:
            result[key] = _neighbour_quality(found.mean[row, kept], points[row, kept], kind, row, kept)
    return result


def _neighbour_quality(
    space: NDArray[np.floating], drawn: NDArray[np.floating], kind: Property, row: int, kept: NDArray[np.bool_]
) -> NeighbourQuality:
    inside, drawn_too = (neighbour_score(points, kind, row, kept) for points in (space, drawn))
    apart = math.nan
    if isinstance(kind, Labels) and len(set((codes := kind.codes[row, kept]).tolist())) > 1:
        apart = map_quality.silhouette(space, codes)
    return NeighbourQuality(inside, drawn_too, apart)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


def _tip(label: str, value: float) -> str:
    return f"{label}: {value:.3f}" if math.isfinite(value) else f"{label}: {say(UNDEFINED)}"


def _text(value: float, is_share: bool) -> str:
    if not math.isfinite(value):
        return DASH
    return wording.percent(value) if is_share else fixed(value, 2)
