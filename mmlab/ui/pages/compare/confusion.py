"""Details of one cell of the Compare page: its confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.core.outputs import Output, Regression
from mmlab.core.phrases import say
from mmlab.core.task import Task
from mmlab.ui.components import page_frame
from mmlab.ui.pages.compare import label_counts, regression_scatter
from mmlab.ui.session import comparison_cache, url_state
from mmlab.ui.text import refusals, wording
from mmlab.viz.compare import method_tables


def has_view(output: Output) -> bool:
    """Whether there is anything to see in a cell: single answers that are regions are not kept to be compared."""
    return output.keeps_logits


def show(task: Task, found: Comparison, view: str, cell: tuple[str, str]) -> None:
    """The confusion matrix of one method and combination, of all seeds or of the run that the bar names; for numbers,
    answer against truth, and for labels, how often each is found."""
    name, key = cell
    output = task.info.output
    if isinstance(output, Regression):  # an axis of true numbers beside one of answers, instead of a matrix
        st.subheader(say("Prediction and truth"), anchor=False)
        _pick_cell(found, cell)
        _say_where(found)
        label = task.info.modalities.parse(key).label
        folders = _asked(comparison_cache.folders(found, view, name), name)
        if not regression_scatter.show(output, folders, key, label):
            _no_answers(task, name)
        return
    if output.label_names and not output.class_names:
        st.subheader(say("Labels"), help=wording.help("label_counts"), anchor=False)
        _pick_cell(found, cell)
        _say_where(found)
        if not label_counts.show(task, _asked(comparison_cache.folders(found, view, name), name), key):
            _no_answers(task, name)
        return
    st.subheader(say("Confusion matrix"), help=wording.help("confusion"), anchor=False)
    _pick_cell(found, cell)
    classes = output.class_names
    _say_where(found)
    folders = _asked(comparison_cache.folders(found, view, name), name)
    counted = [
        comparison_cache.counted(str(folder), comparison_cache.modified(folder), key, len(classes))
        for folder in folders
    ]
    counts = [item for item in counted if not isinstance(item, str)]
    for problem in (item for item in counted if isinstance(item, str)):
        st.warning(page_frame.plain(refusals.translated(problem)))
    if not counts:
        _no_answers(task, name)
        return
    total = np.sum(counts, 0)
    st.html(method_tables.confusion(total, [say(name) for name in classes]))
    of = next(row.seeds for row in found.rows if row.name == name)
    st.caption(_told(total, classes, [folder.name for folder in folders[: len(counts)]], of))


def _told(total: NDArray[np.int64], classes: Sequence[str], runs: Sequence[str], of: int) -> str:
    """How much is right in these runs, of how many seeds the table above is the mean, and the worst mistakes."""
    right = wording.percent(float(np.trace(total) / max(total.sum(), 1)))
    if len(runs) > 1:
        told = say("{share} right, {count} seeds together.", share=right, count=len(runs))
    else:
        told = say("{share} right, {run} alone.", share=right, run=runs[0])
    if of > len(runs):
        told += f" {say('The table above has the mean of {count} seeds.', count=of)}"
    worst = [
        say("{truth} predicted as {answer} ({share})", truth=say(a), answer=say(b), share=wording.percent(share))
        for a, b, _, share in method_tables.mix_ups(total, classes)
    ]
    if worst:
        told += f" {say('Most often: {mistakes}.', mistakes=page_frame.plain('; '.join(worst)))}"
    return told


def cell(found: Comparison, asked: str) -> tuple[str, str]:
    """The method and combination that is looked into: of the address; what is looked at elsewhere; or the best method
    on everything."""
    name, _, key = url_state.get("cell").partition(":")
    names = [row.name for row in found.rows]
    return (
        next(each for each in (name, asked, names[0]) if each in names),
        next(each for each in (key, url_state.get("on"), found.combinations[-1]) if each in found.combinations),
    )


def _asked(folders: Sequence[Path], method: str) -> list[Path]:
    """The runs, or the one among them that the bar asks for."""
    asked = url_state.runs().get(method)
    return [folder for folder in folders if folder.name == asked] or list(folders)


def _say_where(found: Comparison) -> None:
    if found.source != "built-in":
        st.caption(say("The answers to single samples are kept for the built-in samples only, so those are shown."))


def _no_answers(task: Task, method: str) -> None:
    command = f"python -m mmlab evaluate --task {task.name} --method {method} --save"
    st.caption(say("No stored answers for this one. Make them: `{command}`", command=command))


def _pick_cell(found: Comparison, cell: tuple[str, str]) -> None:
    """The same choice as a click into the heat map, for those who rather pick from lists."""
    names = {row.name: row.title for row in found.rows}

    def keep() -> None:
        url_state.put(cell=f"{st.session_state['compare.of']}:{st.session_state['compare.with']}")

    left, right = st.columns(2)
    left.selectbox(
        say("Method"),
        list(names),
        format_func=names.__getitem__,
        key=url_state.follow("compare.of", cell[0]),
        on_change=keep,
    )
    right.selectbox(
        say("Inputs present"),
        found.combinations,
        format_func=partial(comparison_cache.by_title, found.task),
        key=url_state.follow("compare.with", cell[1]),
        on_change=keep,
    )
