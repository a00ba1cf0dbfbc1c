"""The page below its bar: the controls, and the chosen section. Only that section is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame, plotly_figure
from mmlab.ui.pages.embed import (
    custom_umap,
    embedding_geometry,
    map_quality,
    map_section,
    sample_path,
    small_multiples,
    training_dynamics,
    two_models,
    view_data,
)
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache


@dataclass(frozen=True)
class Section:
    """One part of the page: its name on the screen, what draws it, and which of the controls it follows."""

    title: str
    show: Callable[[View], None]
    controls: tuple[str, ...] = view_data.CONTROLS


SECTIONS: dict[str, Section] = {
    "map": Section(phrase("Embedding map"), map_section.show),
    "several": Section(phrase("Small multiples"), small_multiples.show, ("picture", "colour", "shown", "many")),
    "closeness": Section(phrase("Embedding geometry"), embedding_geometry.show, ()),
    "trust": Section(phrase("Map quality"), map_quality.show, ("picture", "axes")),
    "pair": Section(phrase("Two models"), two_models.show, ("picture", "colour", "shown", "many")),
    "learned": Section(phrase("During training"), training_dynamics.show, ("shown",)),
    "fit": Section(phrase("Custom UMAP"), custom_umap.show, ("picture",)),
}


def show(task_name: str, chosen: str, references: tuple[Reference, ...], shown: Reference) -> None:
    """Everything below the bar."""
    st.html(Path(__file__).with_name("embed.css"))
    plotly_figure.preload()
    _panel(task_name, chosen, references, shown)


@page_frame.panel
def _panel(task_name: str, chosen: str, references: tuple[Reference, ...], reference: Reference) -> None:
    task = cache.task(task_name)
    name = view_data.choice("part", say("View"), tuple(SECTIONS), lambda name: say(SECTIONS[name].title))
    point = sample_path.point(chosen, cache.sweep(reference))
    section = SECTIONS[name]
    section.show(view_data.make(task, references, reference, chosen, point, section.controls))
