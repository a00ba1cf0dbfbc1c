"""Below the table of Compare: its glossary, and its files."""

from __future__ import annotations

import json
from functools import partial

import streamlit as st

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.experiments import comparison_tables
from mmlab.ui.components import page_frame, pickers
from mmlab.ui.session import cache
from mmlab.ui.text.markdown import plain

MOST_MODELS, USUAL_MODELS = 4, 3  # on the pages that are made here; the command line takes more


def show(found: Comparison, view: str) -> None:
    """What the numbers mean, and the table to take away as Markdown, CSV or JSON."""
    name = "-".join(part for part in ("mmlab", found.task, view, found.source, found.metric) if part)
    save = partial(st.download_button, on_click="ignore")
    with st.container(horizontal=True, vertical_alignment="center", key="mm-compare-foot"):
        pickers.numbers_help("compared", "difference", "seed", "confusion", "label_counts", "ladder")
        with st.popover(say("Download")):
            save(
                say("Table (Markdown)"),
                data=lambda: comparison_tables.as_markdown(found),
                file_name=f"{name}.md",
                mime="text/markdown",
            )
            save(
                say("Numbers (CSV)"),
                data=lambda: comparison_tables.as_csv(found),
                file_name=f"{name}.csv",
                mime="text/csv",
            )
            save(
                say("Numbers (JSON)"),
                data=lambda: json.dumps(comparison_tables.as_json(found), indent=1),
                file_name=f"{name}.json",
                mime="application/json",
            )
        if not view:
            with st.popover(say("Share as pages")), page_frame.error_boundary():
                _site(found)


def _site(found: Comparison) -> None:
    """A folder of static pages of some of the models."""
    first = {row.name: cache.library().references(found.task, row.name)[:1] for row in found.rows}
    there = {name: runs[0] for name, runs in first.items() if runs and cache.report(runs[0])}
    if not there:
        st.caption(say("There is no trained model here, only its scores."))
        return
    chosen = st.multiselect(
        say("Models"),
        list(there),
        list(there)[:USUAL_MODELS],
        format_func=lambda name: plain(cache.title(name)),
        max_selections=MOST_MODELS,
        key=f"compare.site.{found.task}",
    )
    st.caption(
        say(
            "A folder of static pages that opens from a file, to hand in or to put beside a paper: "
            "combinations, failures, embedding, dominance and provenance of the first run of each. "
            "Measures of dominance that ask the model have a number where Dominance computed it before; "
            "the command line computes all: `{command}`.",
            command=f"python -m mmlab export --task {found.task} --site FOLDER",
        )
    )
    st.download_button(
        say("Save the pages (ZIP)"),
        data=partial(_packed, [there[name] for name in chosen], f"mmlab-{found.task}"),
        file_name=f"mmlab-{found.task}.zip",
        mime="application/zip",
        on_click="ignore",
        disabled=not chosen,
    )


def _packed(references: list[Reference], folder: str) -> bytes:
    """The archive. Runs outside the session, so everything it needs is handed to it."""
    from mmlab.experiments import site_export

    return site_export.zipped(site_export.site_of(references, ask=False), folder)
