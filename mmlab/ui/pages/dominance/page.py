"""The Dominance page: the model, its verdict, and below it the opened section; no section is computed before it is
opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import page_frame, pickers, selection
from mmlab.ui.pages.dominance import (
    alternatives,
    cue_conflict,
    external_log,
    faithfulness,
    measure_table,
    per_sample,
    task_truth,
    training_dynamics,
    verdict,
)
from mmlab.ui.session import cache, comparison_cache, url_state


@dataclass(frozen=True)
class Section:
    """A part of the page: its name, the question that it answers, what draws it, and whether it follows a choice of
    samples."""

    title: str
    question: str
    show: Callable[[Task, Reference], None]
    follows: bool = False


SECTIONS: dict[str, Section] = {
    "measures": Section(
        phrase("All measures"),
        phrase("Does the model use all of its inputs, or does one dominate?"),
        measure_table.show,
        follows=True,
    ),
    "samples": Section(
        phrase("Sample by sample"),
        phrase("Where does one input decide, and where do inputs conflict?"),
        per_sample.show,
        follows=True,
    ),
    "clashes": Section(
        phrase("Cue conflict"),
        phrase("Two inputs from two different samples: which one does the model follow?"),
        cue_conflict.show,
        follows=True,
    ),
    "learning": Section(
        phrase("During training"),
        phrase("Which input got the largest gradients, and which gradients conflicted?"),
        training_dynamics.show,
    ),
    "help": Section(
        phrase("What would help"),
        phrase("Which methods use the inputs more evenly, and at what price?"),
        alternatives.show,
    ),
    "maps": Section(phrase("Faithfulness"), phrase("Can the attribution map be believed?"), faithfulness.show),
    "truth": Section(
        phrase("Known contributions"),
        phrase("Does the model use its inputs as much as they tell?"),
        task_truth.show,
    ),
    "logs": Section(
        phrase("Your own log"), phrase("Which input dominated in your own training loop?"), external_log.show
    ),
}


SANDBOXES = ("truth", "arrows")  # sections of old that are sandboxes now


def show(task: Task, reference: Reference | None) -> None:
    """The whole page under the bar: of the model that is shown, where there is one.

    An old address of a sandbox leads there.
    """
    _follow_moved(task)
    st.html(Path(__file__).with_name("dominance.css"))
    for warned in comparison_cache.warnings_of(reference) if reference is not None else ():
        st.warning(page_frame.plain(warned))
    _body(task.name, reference)


def _follow_moved(task: Task) -> None:
    """Open the sandbox that stood here once, unless the contributions of this very task are known."""
    aspect, view = url_state.get("aspect"), url_state.everything()
    ground = view.get("ground") or view.get("lesson", "")  # the name of the field before there were lessons
    if aspect not in SANDBOXES or (aspect == "truth" and not ground and task_truth.of_known_truth(task) is not None):
        return
    left = {"aspect", "ground"} if "step" in view else {"aspect", "ground", "lesson"}
    kept = {name: value for name, value in view.items() if name not in left}
    page_frame.open_page("sandbox", {**kept, "play": aspect, **({"ground": ground} if ground else {})})


def _sections(task: Task) -> dict[str, Section]:
    """Those that have something to show for a task."""
    return {
        name: each for name, each in SECTIONS.items() if name != "truth" or task_truth.of_known_truth(task) is not None
    }


@page_frame.panel
def _body(task_name: str, reference: Reference | None) -> None:
    task = cache.task(task_name)
    if reference is not None and len(task.info.modalities) > 1:
        with page_frame.error_boundary():
            verdict.show(task, reference, selection.announced(cache.sweep(reference).ids))
    _closer(task, reference)
    pickers.numbers_help()


def _closer(task: Task, reference: Reference | None) -> None:
    """The section that is open, under the switch that opens one."""
    sections = _sections(task)
    chosen = _section(sections)
    if not chosen:
        return
    section = sections[chosen]
    st.subheader(say(section.question), anchor=False)
    if reference is None and chosen != "logs":
        st.caption(say("This needs a trained model."))
        return
    if url_state.get("chosen") and not section.follows:
        st.caption(say("The samples selected on Embed do not affect this section."))
    with page_frame.error_boundary():
        section.show(task, reference)  # type: ignore[arg-type]


def _section(sections: Mapping[str, Section]) -> str:
    """The section that is open; none before somebody chose, but the measures where the address is about them."""
    wanted = url_state.get("aspect")
    about_measures = url_state.get("number") or url_state.get("absent")
    chosen = wanted if wanted in sections else "measures" if about_measures else ""
    st.pills(
        say("Look closer"),
        list(sections),
        format_func=lambda name: say(sections[name].title),
        key=url_state.follow("dominance.aspect", chosen or None),
        on_change=_open,
    )
    return chosen


def _open() -> None:
    """Open a section, or close the one that is open."""
    chosen = st.session_state["dominance.aspect"]
    url_state.put(aspect=chosen, **({} if chosen else dict.fromkeys(("number", "absent"))))
