"""The page below its title: the controls, the lattice, and the chosen section.

Only the section that is shown is computed. The whole is one fragment, and sliders have one of their own inside it.
Some sections have a page of their own in the line of Compare; addresses of old open them here, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.ui.bar import bar
from mmlab.ui.components import page_frame
from mmlab.ui.pages.robustness import (
    blanked_stretches,
    calibration,
    combinations,
    imputation,
    missing_rate,
    prediction_flips,
    report,
    two_models,
    view_data,
)
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import url_state

APART = ("missing", "certainty", "report")  # sections with a page of their own: Imputation, When to trust, Report
CROWDED = 4  # inputs: from here on the lattice needs half of the page


@dataclass(frozen=True)
class Section:
    """One part of the page: its name on the screen, what draws it, and what begins the computations that it shows.

    They begin by themselves on a page of its own; among the other sections a button begins them.
    """

    title: str
    show: Callable[[View], None]
    begin: Callable[[View], None] | None = None


SECTIONS: dict[str, Section] = {
    "combinations": Section(phrase("Combinations"), combinations.show),
    "failures": Section(phrase("Missing rate"), missing_rate.show),
    "blanked": Section(phrase("Blanked stretches"), blanked_stretches.show),
    "missing": Section(phrase("Imputation"), imputation.show, imputation.begin),
    "certainty": Section(phrase("Calibration"), calibration.show, calibration.begin),
    "flips": Section(phrase("Prediction flips"), prediction_flips.show),
    "pair": Section(phrase("Two models"), two_models.show),
    "report": Section(phrase("Report"), report.show),
}


def open_on(section: str = "") -> None:
    """The bar, and below it one section; without its name those that the address chooses."""
    at = bar.show(is_one_shown=True)
    if at.references:
        show(at.task.name, at.references, section)
    bar.finish(at)


@page_frame.panel
def show(task_name: str, references: tuple[Reference, ...], section: str = "") -> None:
    """Everything below the bar."""
    found = view_data.make(task_name, references)
    if found is None:
        return
    chosen = section or _section()
    if section and (begin := SECTIONS[section].begin):
        begin(found)
    left, right = st.columns([2, 3] if len(found.letters) < CROWDED else 2, gap="large")
    with left, page_frame.error_boundary():
        combinations.steer(found)
    with right, page_frame.error_boundary():
        SECTIONS[chosen].show(found)


def _section() -> str:
    """The section of the address, with a switch to those that stand here."""
    names = [name for name in SECTIONS if name not in APART]
    wanted = url_state.get("section", names[0])
    chosen = wanted if wanted in SECTIONS else names[0]
    st.pills(
        say("Section"),
        [*names, *([chosen] if chosen in APART else [])],
        format_func=lambda name: say(SECTIONS[name].title),
        key=url_state.follow("robustness.section", chosen),
        required=True,
        wrap=True,
        label_visibility="collapsed",
        on_change=lambda: url_state.put(section=st.session_state["robustness.section"]),
    )
    return chosen
