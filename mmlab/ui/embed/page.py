"""The page under its pickers: the controls, and the section that was chosen. Only that section is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mmlab.library import Reference
from mmlab.ui import cache, focus, frame
from mmlab.ui.embed import closeness, cloud, figure, learned, pair, refit, sample, several, terms, trust
from mmlab.ui.embed import view as views
from mmlab.ui.embed.view import View

WORDS = terms.EMBED  # the import enters them


@dataclass(frozen=True)
class Section:
    """One part of the page: its name on the screen, what draws it, and which of the controls it follows."""

    title: str
    show: Callable[[View], None]
    controls: tuple[str, ...] = views.CONTROLS


SECTIONS: dict[str, Section] = {
    "map": Section("Map", cloud.show),
    "several": Section("Combination by combination", several.show, ("picture", "colour", "shown", "many")),
    "closeness": Section("Close and far", closeness.show, ()),
    "trust": Section("Can it be trusted?", trust.show, ("picture", "axes")),
    "pair": Section("Two models", pair.show, ("picture", "colour", "shown", "many")),
    "learned": Section("While it learned", learned.show, ("shown",)),
    "fit": Section("Make another map", refit.show, ("picture",)),
}


def show(task_name: str, chosen: str, references: tuple[Reference, ...]) -> None:
    """Everything below the pickers of task, sample and methods."""
    st.html(Path(__file__).with_name("embed.css"))
    figure.preload()
    _panel(task_name, chosen, references)


@frame.panel
def _panel(task_name: str, chosen: str, references: tuple[Reference, ...]) -> None:
    task, reference = cache.task(task_name), focus.method(references, _unsure(task_name))
    name = views.choice("part", "Look at", tuple(SECTIONS), lambda name: SECTIONS[name].title)
    point = sample.point(chosen, cache.sweep(reference))
    section = SECTIONS[name]
    section.show(views.make(task, references, reference, chosen, point, section.controls))


def _unsure(task_name: str) -> str:
    """A method that says how sure it is of a place: there is most to see with it. Empty where there is none."""
    for entry in cache.entries(task_name):
        if entry.problem is None and entry.card.get("config", {}).get("probabilistic"):
            return entry.reference.method
    return ""
