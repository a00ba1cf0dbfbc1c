"""The report: the view as one HTML file that opens without a network, with all that its numbers rest on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from mmlab.inference import imputation
from mmlab.ui.components import page_frame, report_origin
from mmlab.ui.components.report_origin import Origin
from mmlab.ui.pages.robustness import calibration, combinations, missing_rate, prediction_flips, two_models
from mmlab.ui.pages.robustness import imputation as missing
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.ui.text.glossary import PAGES
from mmlab.viz.base.figure import Figure
from mmlab.viz.base.html_report import Fact, document

PARTS: dict[str, Callable[[View], list[Figure]]] = {
    "Combinations": combinations.figures,
    "Missing rate": missing_rate.figures,
    "Imputation": missing.figures,
    "Calibration": calibration.figures,
    "Prediction flips": prediction_flips.figures,
    "Two models": two_models.figures,
}


def show(view: View) -> None:
    """What the report holds, and the button that saves it."""
    st.subheader("Report", anchor=False)
    st.caption(
        "This view as one HTML file: every chart of every section with its numbers, the task, the models with their "
        "digests and seeds, the imputation, versions, date, and the link back here. It opens without a "
        "network. Single charts: the buttons SVG, PNG and CSV under each."
    )
    origin = report_origin.here("robustness")
    with page_frame.error_boundary():
        sections = figures(view)
        st.download_button(
            "Save the report (HTML)",
            data=partial(make, view, sections, origin),
            file_name=f"mmlab-robustness-{view.task.name}-{view.shown}.html",
            mime="text/html",
            on_click="ignore",
            type="primary",
        )
        for title, found in sections.items():
            st.caption(f"**{title}:** {'; '.join(page_frame.plain(each.title) for each in found)}")


def figures(view: View) -> dict[str, list[Figure]]:
    """All charts by section, for this view; sections without any are left out."""
    found = {title: make_figures(view) for title, make_figures in PARTS.items()}
    return {title: each for title, each in found.items() if each}


def make(view: View, sections: Mapping[str, list[Figure]], origin: Origin) -> bytes:
    """The file. Runs outside the session, so everything it needs is handed to it."""
    title = f"Robustness: {view.task.title}"
    meanings = [(term.title, term.plain, term.how.replace("*", "")) for term in PAGES["robustness"].values()]
    return document(title, _facts(view, origin), sections, meanings).encode()


def _facts(view: View, origin: Origin) -> list[Fact]:
    facts = [
        Fact("Task", f"{view.task.title}. {view.task.about}"),
        Fact("Test samples", f"{len(view.one.ids):,} with every input"),
        Fact("Measure", f"{wording.metric(view.measure)}{wording.metric_meaning(view.measure)}"),
        Fact("Imputation", f"{imputation.RULES[view.rule].title}. {imputation.RULES[view.rule].about}"),
        Fact("Selected", view.selected.label),
        Fact("Model shown", cache.title(view.shown)),
    ]
    facts += [Fact(f"Model: {cache.title(name)}", report_origin.about(view.references[name])) for name in view.graded]
    return [*facts, *report_origin.facts(origin)]
