"""The points of a map as files: coordinates as CSV, with all dimensions as Parquet and for the Embedding Projector."""

from __future__ import annotations

import io
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.embedding.point_attributes import Labels
from mmlab.analysis.embedding.projection import valid
from mmlab.core.phrases import phrase, say
from mmlab.core.results import Sweep
from mmlab.ui.pages.embed import map_cache
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache
from mmlab.viz.embed import export_tables

UNITS = "coordinates and variances: none; certainty: share of 1"
KINDS = {
    "CSV": ("csv", "text/csv"),
    "Parquet": ("parquet", "application/vnd.apache.parquet"),
    "TSV": ("zip", "application/zip"),
}
ABOUT = {
    "CSV": phrase("Coordinates on this map, and what is known of each dot."),
    "Parquet": phrase("The same with the embedding in all its dimensions, and its variances."),
    "TSV": phrase("A zip with vectors.tsv and metadata.tsv, as the Embedding Projector loads them."),
}


def offer(view: View) -> None:
    """The buttons; a file is made when one is pressed."""
    with st.container(horizontal=True, vertical_alignment="center", key="mm-foot"):
        st.caption(say("All dots as numbers:"), width="content")
        for kind, (ending, mime) in KINDS.items():
            st.download_button(
                kind,
                data=partial(content, view, kind),
                file_name=f"mmlab-map-{view.task.name}-{view.reference.method}-{view.picture}.{ending}",
                mime=mime,
                on_click="ignore",
                help=say(ABOUT[kind]),
                key=f"embed.save.{kind}",
            )


def content(view: View, kind: str) -> bytes:
    """The content of the file."""
    there = valid(view.found)
    columns = columns_of(view, there)
    if kind == "CSV":
        whose = {"task": view.task.title, "model": cache.title(view.reference.method), "unit": UNITS}
        return export_tables.as_csv({**columns, **{name: [text] * int(there.sum()) for name, text in whose.items()}})
    if kind == "TSV":
        return export_tables.projector(columns, view.found.mean[there])
    return _parquet(columns, view.found, there)


def columns_of(view: View, there: NDArray[np.bool_]) -> dict[str, NDArray[np.generic]]:
    """A row per sample and combination that it has: what it is, where it lies, what the model says of it."""
    found = view.found
    combination, sample = np.nonzero(there)
    columns: dict[str, NDArray[np.generic]] = {
        "sample": np.array(found.ids)[sample],
        "group": np.array(found.groups)[sample],
        "combination": np.array(found.combinations)[combination],
    }
    places = view.made.projection.points[there]
    labels = [view.task.info.modalities.parse(key).label for key in found.combinations]
    columns["inputs"] = np.array(labels)[combination]
    columns |= {name: places[:, i] for i, name in enumerate("xyz"[: places.shape[1]])}
    for name, known in map_cache.attributes(view.reference).items():
        if name in ("combination", "group"):
            continue
        if isinstance(known, Labels):
            columns[name] = np.array(known.names)[known.codes[there]]
        else:
            columns[name] = known.values[there]
    return columns


def _parquet(columns: dict[str, NDArray[np.generic]], found: Sweep, there: NDArray[np.bool_]) -> bytes:
    import pandas as pd

    table = pd.DataFrame(columns)
    vectors = {"embedding": found.mean, **({} if found.variance is None else {"variances": found.variance})}
    for name, values in vectors.items():
        table[name] = list(values[there].astype(np.float32))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
