"""Details of one cell of the Compare page for multi-label outputs: how often each label is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.core.group_name import several
from mmlab.core.number_text import NONE, percent
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.ui.components import figure_card, page_frame
from mmlab.ui.session import comparison_cache
from mmlab.ui.text import refusals
from mmlab.viz.base import heatmap, theme
from mmlab.viz.base.figure import Figure

COLUMNS = (phrase("samples"), phrase("given"), phrase("recall"), phrase("precision"), "F1")


def show(task: Task, folders: list[Path], key: str) -> bool:
    """A row per label, all seeds of the method together; whether there were any answers."""
    counted = [comparison_cache.label_counts(str(each), comparison_cache.modified(each), key) for each in folders]
    for problem in (item for item in counted if isinstance(item, str)):
        st.warning(page_frame.plain(refusals.translated(problem)))
    counts = [item for item in counted if not isinstance(item, str)]
    if not counts:
        return False
    label = task.info.modalities.parse(key).label
    figure_card.show(_figure(np.sum(counts, 0), task.info.output.label_names, label, len(counts)), "compare.labels")
    return True


def _figure(counts: NDArray[np.int64], names: tuple[str, ...], label: str, seeds: int) -> Figure:
    title = say("Each label with {inputs}", inputs=label)
    rows, numbers = [], []
    for name, (right, there, given) in zip(names, counts.tolist(), strict=True):
        shares = [_share(right, there), _share(right, given), _share(2 * right, there + given) if there else np.nan]
        texts = [f"{there:,}", f"{given:,}", *(NONE if np.isnan(share) else percent(share) for share in shares)]
        tints = [0.0, 0.0, *np.nan_to_num(shares)]
        cells = [
            heatmap.Cell(text, float(tint), f"{name}, {say(column)}: {text}", theme.ACCENT)
            for text, tint, column in zip(texts, tints, COLUMNS, strict=True)
        ]
        rows.append((heatmap.Head(name, label=name), cells))
        numbers.append((name, there, given, *(float(share) for share in shares)))
    columns = [heatmap.Head(name, label=say(name)) for name in COLUMNS]
    note = say("Samples that have a label and those that are given it; {seeds} together.", seeds=several(seeds, "seed"))
    drawing = heatmap.grid(columns, rows, (), title, wide=76)
    return Figure("labels", title, drawing, ("label", *COLUMNS), numbers, note)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
