"""Below the table of Compare: its terms, and its files."""

from __future__ import annotations

import json
from functools import partial

import streamlit as st

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.experiments import comparison_tables
from mmlab.ui.components import pickers


def show(found: Comparison, view: str) -> None:
    """What the numbers mean, and the table to take away as Markdown, CSV or JSON."""
    name = "-".join(part for part in ("mmlab", found.task, view, found.source, found.metric) if part)
    save = partial(st.download_button, on_click="ignore")
    with st.container(horizontal=True, vertical_alignment="center", key="mm-compare-foot"):
        pickers.numbers_help("compared", "difference", "seed", "confusion", "ladder")
        with st.popover("Download"):
            save(
                "Table (Markdown)",
                data=lambda: comparison_tables.as_markdown(found),
                file_name=f"{name}.md",
                mime="text/markdown",
            )
            save(
                "Numbers (CSV)", data=lambda: comparison_tables.as_csv(found), file_name=f"{name}.csv", mime="text/csv"
            )
            save(
                "Numbers (JSON)",
                data=lambda: json.dumps(comparison_tables.as_json(found), indent=1),
                file_name=f"{name}.json",
                mime="application/json",
            )
