"""The page under its title: the controls, the lattice that steers, and the section that was chosen.

Only the section that is shown is computed. The whole is one fragment, and sliders have one of their own inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from mmlab.library import Reference
from mmlab.ui import frame, state
from mmlab.ui.robustness import (
    certainty,
    combinations,
    failures,
    flips,
    missing,
    pair,
    report,
    terms,
    view,
)
from mmlab.ui.robustness.view import View

CROWDED = 4  # inputs: from here on the lattice needs half of the page
WORDS = terms.ROBUSTNESS  # the import enters them


@dataclass(frozen=True)
class Section:
    """One part of the page: its name on the screen, and what draws it."""

    title: str
    show: Callable[[View], None]


SECTIONS: dict[str, Section] = {
    "combinations": Section("Combinations", combinations.show),
    "failures": Section("Failures", failures.show),
    "missing": Section("What missing means", missing.show),
    "certainty": Section("Certainty", certainty.show),
    "flips": Section("What flips", flips.show),
    "pair": Section("Two models", pair.show),
    "report": Section("Report", report.show),
}


@frame.panel
def show(task_name: str, references: tuple[Reference, ...]) -> None:
    """Everything below the pickers of task and methods."""
    found = view.make(task_name, references)
    if found is None:
        return
    chosen = _section()
    left, right = st.columns([2, 3] if len(found.letters) < CROWDED else 2, gap="large")
    with left, frame.trouble():
        combinations.steer(found)
    with right, frame.trouble():
        SECTIONS[chosen].show(found)


def _section() -> str:
    """The section of the address, with a switch to the others."""
    names = list(SECTIONS)
    wanted = state.get("section", names[0])
    chosen = wanted if wanted in SECTIONS else names[0]
    st.pills(
        "Section",
        names,
        format_func=lambda name: SECTIONS[name].title,
        key=state.follow("robustness.section", chosen),
        required=True,
        wrap=True,
        label_visibility="collapsed",
        on_change=lambda: state.put(section=st.session_state["robustness.section"]),
    )
    return chosen
