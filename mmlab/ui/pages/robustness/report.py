"""The report: the view as one self-contained HTML file, with everything that its numbers are based on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.inference import imputation
from mmlab.ui.components import page_frame, report_origin
from mmlab.ui.components.report_origin import Origin
from mmlab.ui.pages.robustness import (
    blanked_stretches,
    calibration,
    combinations,
    missing_rate,
    prediction_flips,
    two_models,
)
from mmlab.ui.pages.robustness import imputation as missing
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import language, wording
from mmlab.ui.text.glossary import PAGES
from mmlab.viz.base.figure import Figure
from mmlab.viz.base.html_report import Fact, document

PARTS: dict[str, Callable[[View], list[Figure]]] = {
    phrase("Combinations"): combinations.figures,
    phrase("Missing rate"): missing_rate.figures,
    phrase("Blanked stretches"): blanked_stretches.figures,
    phrase("Imputation"): missing.figures,
    phrase("Calibration"): calibration.figures,
    phrase("Prediction flips"): prediction_flips.figures,
    phrase("Two models"): two_models.figures,
}


def show(view: View) -> None:
    """What the report holds, and the button that saves it."""
    st.subheader(say("Report"), anchor=False)
    st.caption(
        say(
            "This view as one HTML file: every chart of every section with its numbers, the task, the "
            "models with their digests and seeds, the imputation, versions, date, and the link back here. "
            "It opens without a network. Single charts: the buttons SVG, PNG and CSV under each."
        )
    )
    origin = report_origin.here("robustness")
    with page_frame.error_boundary():
        sections = figures(view)
        st.download_button(
            say("Save the report (HTML)"),
            data=language.with_language(partial(make, view, sections, origin)),
            file_name=f"mmlab-robustness-{view.task.name}-{view.shown}.html",
            mime="text/html",
            on_click="ignore",
            type="primary",
        )
        for title, found in sections.items():
            st.caption(f"**{title}:** {'; '.join(page_frame.plain(each.title) for each in found)}")


def figures(view: View) -> dict[str, list[Figure]]:
    """All charts by section, for this view; sections without any are left out."""
    found = {say(title): make_figures(view) for title, make_figures in PARTS.items()}
    return {title: each for title, each in found.items() if each}


def make(view: View, sections: Mapping[str, list[Figure]], origin: Origin) -> bytes:
    """The file. Runs outside the session, so everything it needs is handed to it."""
    title = say("Robustness: {task}", task=say(view.task.title))
    terms = map(wording.term, PAGES["robustness"])
    meanings = [(term.title, term.plain, term.how.replace("*", "")) for term in terms]
    return document(title, _facts(view, origin), sections, meanings).encode()


def _facts(view: View, origin: Origin) -> list[Fact]:
    facts = [
        Fact(say("Task"), f"{say(view.task.title)}. {say(view.task.about)}"),
        Fact(say("Test samples"), say("{count} with every input", count=f"{len(view.one.ids):,}")),
        Fact(say("Measure"), f"{wording.metric(view.measure)}{wording.metric_meaning(view.measure)}"),
        Fact(say("Imputation"), f"{say(imputation.RULES[view.rule].title)}. {say(imputation.RULES[view.rule].about)}"),
        Fact(say("Selected"), view.selected.label),
        Fact(say("Model shown"), cache.title(view.shown)),
    ]
    facts += [
        Fact(say("Model: {model}", model=cache.title(name)), report_origin.about(view.references[name]))
        for name in view.graded
    ]
    return [*facts, *report_origin.facts(origin)]
