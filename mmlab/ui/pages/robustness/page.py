"""The page under its title: the controls, the lattice that steers, and the section that was chosen.

Only the section that is shown is computed. The whole is one fragment, and sliders have one of their own inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame
from mmlab.ui.pages.robustness import (
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

CROWDED = 4  # inputs: from here on the lattice needs half of the page


@dataclass(frozen=True)
class Section:
    """One part of the page: its name on the screen, and what draws it."""

    title: str
    show: Callable[[View], None]


SECTIONS: dict[str, Section] = {
    "combinations": Section("Combinations", combinations.show),
    "failures": Section("Missing rate", missing_rate.show),
    "missing": Section("Imputation", imputation.show),
    "certainty": Section("Calibration", calibration.show),
    "flips": Section("Prediction flips", prediction_flips.show),
    "pair": Section("Two models", two_models.show),
    "report": Section("Report", report.show),
}


@page_frame.panel
def show(task_name: str, references: tuple[Reference, ...]) -> None:
    """Everything below the pickers of task and methods."""
    found = view_data.make(task_name, references)
    if found is None:
        return
    chosen = _section()
    left, right = st.columns([2, 3] if len(found.letters) < CROWDED else 2, gap="large")
    with left, page_frame.error_boundary():
        combinations.steer(found)
    with right, page_frame.error_boundary():
        SECTIONS[chosen].show(found)


def _section() -> str:
    """The section of the address, with a switch to the others."""
    names = list(SECTIONS)
    wanted = url_state.get("section", names[0])
    chosen = wanted if wanted in SECTIONS else names[0]
    st.pills(
        "Section",
        names,
        format_func=lambda name: SECTIONS[name].title,
        key=url_state.follow("robustness.section", chosen),
        required=True,
        wrap=True,
        label_visibility="collapsed",
        on_change=lambda: url_state.put(section=st.session_state["robustness.section"]),
    )
    return chosen
