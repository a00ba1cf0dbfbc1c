"""During training: a map of each stored epoch, and how neighbourhoods and positions converged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.embedding.point_attributes import Labels
from mmlab.core.errors import CheckpointError
from mmlab.core.group_name import several
from mmlab.core.number_text import fixed
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.experiments.recorders import embedding_maps
from mmlab.experiments.recorders.embedding_maps import EpochMaps
from mmlab.ui.components import figure_card, pickers, plotly_figure
from mmlab.ui.pages.embed import colouring, map_cache, view_data
from mmlab.ui.pages.embed.map_quality import UNDEFINED
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import language, wording
from mmlab.viz.base import heatmap, theme
from mmlab.viz.base.figure import Figure
from mmlab.viz.embed import point_colours, scatter

COLUMNS = 3
LIT = "mmlab.embed.learned"


def show(view: View) -> None:
    """The maps; below them how well neighbours tell a sample, how near it is to the complete one, and the variance."""
    st.subheader(say("During training"), help=wording.help("learned"), anchor=False)
    found = stored(view.reference)
    by = view_data.choice("colour", say("Colour by"), (found.about, "combination"), colouring.choice_name, "colour")
    keys = {view.found.combinations[row] for row in view.shown}
    rows = [row for row, key in enumerate(found.combinations) if key in keys] or list(range(len(found.combinations)))
    drawn = scatter.drawable(found.points[0], rows)
    colours, panels = _colours(view, found, by), _panels(found, drawn, by)
    st.html(
        colours.legend(panels[-1] if isinstance(colours, point_colours.CategoryColours) else np.concatenate(panels))
    )
    title = say("{model} on {task}", model=cache.title(view.reference.method), task=say(view.task.title))
    plotly_figure.show(
        _spec(view.reference, drawn.tobytes(), language.current()),
        [point_colours.restyled(colours, panels)],
        key="embed.learned",
        name=f"mmlab-learned-{view.task.name}-{view.reference.method}",
        alt=say("{title}: a map of the embeddings after each stored epoch. The numbers are below", title=title),
        about=title,
        samples=found.points.shape[2],
        chosen=st.session_state.get(LIT, {}).get(view.reference),
        on_select=lambda caught: _light(view.reference, caught),
    )
    st.caption(_about(view, found, len(rows)))
    _tables(view, found)
    pickers.numbers_help("learned", "near_accuracy", "alignment", "variance")


def _about(view: View, found: EpochMaps, combinations: int) -> str:
    """What is drawn, how the maps go together, and which pass the model of this page is."""
    low, high = (wording.percent(float(part)) for part in (found.explained.min(), found.explained.max()))
    spread = low if low == high else say("{low} to {high}", low=low, high=high)
    together = (
        say(
            "Each map is the PCA of one epoch, aligned to the next one. Select dots in one: they are "
            "highlighted in all."
        )
        if len(found.epochs) > 1
        else say("The map is a PCA.")
    )
    kept = cache.report(view.reference).get("card", {}).get("best_epoch")
    told = say(
        "{samples} validation samples × {combinations}, {share} of the spread.",
        samples=found.points.shape[2],
        combinations=several(combinations, "combination"),
        share=spread,
    )
    parts = [told, together]
    if isinstance(kept, int) and kept >= 0:
        parts.append(say("The model that was kept is that of epoch {epoch}.", epoch=kept + 1))
    return " ".join(parts)


@st.cache_resource(show_spinner=False, max_entries=16)
def stored(reference: Reference) -> EpochMaps:
    """The maps that were stored while a model learned: read only. Raises CheckpointError."""
    found = embedding_maps.read(Path(reference.path))
    if set(found.combinations) != set(cache.sweep(reference).combinations):
        raise CheckpointError(
            say("The embeddings of earlier epochs are of other inputs."), say("Train the model again.")
        )
    return found


def _colours(view: View, found: EpochMaps, by: str) -> point_colours.PointColours:
    """The colours of all maps together: one scale, so that passes can be compared."""
    if by == "combination":
        return point_colours.of_combinations([view.letters[key] for key in found.combinations], found.points.shape[2])
    known, shown = map_cache.attributes(view.reference)[by], found.shown.reshape(-1, found.shown.shape[2])
    if isinstance(known, Labels):
        return point_colours.of_categories(known.names, shown.astype(np.int64), known.judged)
    return point_colours.NumberColours(known.unit, shown.astype(np.float64))


def _panels(found: EpochMaps, drawn: NDArray[np.int64], by: str) -> list[NDArray[np.int64]]:
    """Where the colours of each map stand in its look: all passes one after the other, or the same for each."""
    apart = 0 if by == "combination" else found.shown[0].size
    return [drawn + apart * place for place in range(len(found.epochs))]


@st.cache_data(show_spinner=False, max_entries=16)
def _spec(reference: Reference, drawn: bytes, spoken: str) -> str:
    """spoken: the language of the titles that stand in it."""
    found, flat = stored(reference), np.frombuffer(drawn, np.int64)
    maps = zip(found.epochs, found.points, strict=True)
    panels = [scatter.Panel(say("Epoch {epoch}", epoch=epoch + 1), points, flat) for epoch, points in maps]
    return json.dumps(scatter.several(panels, min(COLUMNS, len(panels))))


def _light(reference: Reference, caught: Sequence[int]) -> None:
    """Remember what is lit: samples of the validation set, which are on no other page."""
    st.session_state[LIT] = {reference: tuple(caught)} if caught else {}


def _tables(view: View, found: EpochMaps) -> None:
    labels = isinstance(map_cache.attributes(view.reference)[found.about], Labels)
    heading = say("k-NN accuracy") if labels else say("k-NN correlation")
    left, right = st.columns(2, gap="large")
    with left:
        name = colouring.choice_name(found.about)
        figure_card.show(_table(view, found, f"{heading}: {name}", found.told, percent=labels), "embed.learned.told")
    with right:
        title = say("Cosine with all inputs, same sample")
        figure_card.show(_table(view, found, title, found.cosine), "embed.learned.cosine")
    if found.variance is None:
        st.caption(say("{model} gives no variance.", model=pickers.marked_title(view.reference.method)))
        return
    with left:
        figure_card.show(_table(view, found, say("Mean variance"), found.variance), "embed.learned.variance")


def _table(view: View, found: EpochMaps, title: str, values: NDArray[np.floating], percent: bool = False) -> Figure:
    """A row per combination, a column per stored pass; tinted between the smallest and the largest number."""
    names = view.task.info.modalities
    known = values[np.isfinite(values)]
    low, high = float(known.min(initial=0)), float(known.max(initial=-np.inf))
    passes = [say("epoch {epoch}", epoch=epoch + 1) for epoch in found.epochs]
    rows, numbers = [], []
    for row, key in enumerate(found.combinations):
        cells = []
        for name, value in zip(passes, values[:, row], strict=True):
            tip = f"{names.parse(key).label}, {name}: "
            if not np.isfinite(value):
                cells.append(heatmap.Cell("–", 0.0, f"{tip}{say(UNDEFINED)}", theme.ACCENT))
                continue
            text = wording.percent(float(value)) if percent else fixed(value, 2)
            share = float((value - low) / ((high - low) or 1))
            cells.append(heatmap.Cell(text, share, f"{tip}{value:.3f}", theme.ACCENT))
        rows.append((heatmap.Head(key, tuple(each in key.split("-") for each in names.names)), cells))
        numbers.append((key, *(float(value) for value in values[:, row])))
    shades = [(item.letter, theme.modality_colour(i)) for i, item in enumerate(names)]
    drawing = heatmap.grid([heatmap.Head(name, label=name) for name in passes], rows, shades, title, wide=72)
    who = f"{cache.title(view.reference.method)}, {view.task.title}"
    note = say("{who}, {measured} validation samples with every input.", who=who, measured=found.measured)
    if len(known) < values.size:
        note += f" A dash: {UNDEFINED}."
    slug = title.split(":")[0].split(",")[0].lower().replace(" ", "-")
    return Figure(f"learned-{slug}", title, drawing, ("combination", *passes), numbers, note)
