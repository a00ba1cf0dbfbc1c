"""The report: the view as one HTML file that opens without a network, with all that its numbers rest on."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import streamlit as st

from mmlab.core.version import __version__
from mmlab.inference import imputation
from mmlab.ui.components import page_frame
from mmlab.ui.pages.robustness import calibration, combinations, missing_rate, prediction_flips, two_models
from mmlab.ui.pages.robustness import imputation as missing
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
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


@dataclass(frozen=True)
class Origin:
    """When a report was made, and the address it was made at."""

    made: datetime
    link: str


def show(view: View) -> None:
    """What the report holds, and the button that saves it."""
    st.subheader("Report", anchor=False)
    st.caption(
        "This view as one HTML file: every chart of every section with its numbers, the task, the models with their "
        "digests and seeds, the imputation, versions, date, and the link back here. It opens without a "
        "network. Single charts: the buttons SVG, PNG and CSV under each."
    )
    origin = Origin(datetime.now(UTC), _link())
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
    facts += [Fact(f"Model: {cache.title(name)}", _about(view, name)) for name in view.graded]
    facts += [
        Fact("Made", origin.made.strftime("%Y-%m-%d %H:%M UTC")),
        Fact("Versions", _versions()),
        Fact("View", origin.link, origin.link),
    ]
    return facts


def _about(view: View, method: str) -> str:
    reference = view.references[method]
    report = cache.report(reference)
    card: Mapping[str, Any] = report.get("card", {})
    return f"{reference.name}, seed {card.get('seed', '?')}, digest {str(report.get('digest', '?'))[:16]}"


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "scipy", "streamlit"))
    return f"mmlab {__version__}, Python {platform.python_version()}, {packages}"


def _link() -> str:
    """The address of this view, as the browser has it."""
    base = (st.context.url or "robustness").partition("?")[0]
    return base + url_state.link("", url_state.everything())
