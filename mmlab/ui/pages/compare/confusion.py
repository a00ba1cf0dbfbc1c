"""One cell of the Compare page looked into: its confusion matrix."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.core.outputs import Regression
from mmlab.core.task import Task
from mmlab.ui.components import page_frame
from mmlab.ui.pages.compare import label_counts, regression_scatter
from mmlab.ui.session import comparison_cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.compare import method_tables


def show(task: Task, found: Comparison, view: str, cell: tuple[str, str]) -> None:
    """The confusion matrix of one method and combination, all its seeds together; for numbers, answer against truth,
    and for labels, how often each is found."""
    name, key = cell
    output = task.info.output
    if isinstance(output, Regression):  # an axis of true numbers beside one of answers, instead of a matrix
        st.subheader("Prediction and truth", anchor=False)
        _pick_cell(found, cell)
        _say_where(found)
        label = task.info.modalities.parse(key).label
        if not regression_scatter.show(output, comparison_cache.folders(found, view, name), key, label):
            _no_answers(task, name)
        return
    if output.label_names and not output.class_names:
        st.subheader("Labels", help=wording.help("label_counts"), anchor=False)
        _pick_cell(found, cell)
        _say_where(found)
        if not label_counts.show(task, comparison_cache.folders(found, view, name), key):
            _no_answers(task, name)
        return
    st.subheader("Confusion matrix", help=wording.help("confusion"), anchor=False)
    _pick_cell(found, cell)
    classes = output.class_names
    if not classes:
        st.caption("A confusion matrix needs classes, and this task has none.")
        return
    _say_where(found)
    folders = comparison_cache.folders(found, view, name)
    counted = [
        comparison_cache.counted(str(folder), comparison_cache.modified(folder), key, len(classes))
        for folder in folders
    ]
    counts = [item for item in counted if not isinstance(item, str)]
    for problem in (item for item in counted if isinstance(item, str)):
        st.warning(page_frame.plain(problem))
    if not counts:
        _no_answers(task, name)
        return
    total = np.sum(counts, 0)
    st.html(method_tables.confusion(total, classes))
    worst = [
        f"{a} predicted as {b} ({wording.percent(share)})" for a, b, _, share in method_tables.mix_ups(total, classes)
    ]
    right = wording.percent(float(np.trace(total) / max(total.sum(), 1)))
    of = next(row.seeds for row in found.rows if row.name == name)
    pooled = f"{len(counts)} seeds together" if len(counts) > 1 else f"{folders[0].name} alone"
    rest = f"; the table above has the mean of {of}" if of > len(counts) else ""
    st.caption(f"{right} right, {pooled}{rest}. Most often: {page_frame.plain('; '.join(worst)) or 'none'}.")


def _say_where(found: Comparison) -> None:
    if found.source != "built-in":
        st.caption("The answers to single samples are kept for the built-in samples only, so those are shown.")


def _no_answers(task: Task, method: str) -> None:
    command = f"python -m mmlab evaluate --task {task.name} --method {method} --save"
    st.caption(f"No stored answers for this one. Make them: `{command}`")


def _pick_cell(found: Comparison, cell: tuple[str, str]) -> None:
    """The same choice as a click into the heat map, for those who rather pick from lists."""
    names = {row.name: row.title for row in found.rows}

    def keep() -> None:
        url_state.put(cell=f"{st.session_state['compare.of']}:{st.session_state['compare.with']}")

    left, right = st.columns(2)
    left.selectbox(
        "Method",
        list(names),
        format_func=names.__getitem__,
        key=url_state.follow("compare.of", cell[0]),
        on_change=keep,
    )
    right.selectbox(
        "Inputs present",
        found.combinations,
        format_func=partial(comparison_cache.by_title, found.task),
        key=url_state.follow("compare.with", cell[1]),
        on_change=keep,
    )
