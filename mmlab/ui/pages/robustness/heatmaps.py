"""Heat maps over combinations, shared by several sections."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mmlab.analysis.robustness.per_sample_scores import Measure
from mmlab.core.number_text import fixed, measured
from mmlab.core.phrases import say
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.text import wording
from mmlab.viz.base import heatmap, theme
from mmlab.viz.base.figure import Figure

LEAST, WIDEST = 60.0, 230.0  # room for the labels of rows
UPRIGHT = 70.0  # and over columns
HEAD_LETTER = 7.4  # how wide a letter is there


def heat(
    view: View,
    name: str,
    title: str,
    labels: Sequence[str],
    values: Sequence[Sequence[float]],
    pick: Callable[[int, int], str] | None = None,
    selected: str = "",
    notes: Callable[[int, int], str] | None = None,
    upright: bool = False,
) -> Figure:
    """Rows with labels over all combinations, tinted by how good each value is. `pick(row, mask)` names a cell.

    upright: labels stand over the columns and combinations are the rows, for a few labels that are long.
    """
    flat = [value for row in values for value in row if math.isfinite(value)] or [0.0]
    low, high = min(flat), max(flat)
    rows = []
    for index, label in enumerate(labels):
        cells = []
        for mask, value in zip(view.masks, values[index], strict=True):
            note = f"{label}, {view.label(mask)}: {view.number(value)}" + (notes(index, mask) if notes else "")
            share = goodness(value, low, high, view.scored.higher_is_better)
            cells.append(
                heatmap.Cell(_short(view, value), share, note, theme.ACCENT, pick(index, mask) if pick else "")
            )
        rows.append((heatmap.Head(label, label=label), cells))
    columns = [heatmap.Head(view.key(mask), view.has(mask)) for mask in view.masks]
    room = min(WIDEST, max(LEAST, 8 + heatmap.LETTER_WIDE * max(map(len, labels), default=0)))
    if upright:
        turned = [(head, [cells[place] for _, cells in rows]) for place, head in enumerate(columns)]
        drawing = heatmap.grid([head for head, _ in rows], turned, view.letters, title, selected, wide=_upright(labels))
    else:
        drawing = heatmap.grid(columns, rows, view.letters, title, selected, label_wide=room)
    numbers = [(label, *row) for label, row in zip(labels, values, strict=True)]
    return Figure(name, title, drawing, ("row", *(view.key(mask) for mask in view.masks)), numbers, view.of(view.shown))


def _upright(labels: Sequence[str]) -> float:
    """How wide a column is whose label stands over it: its longest word is not cut."""
    return max(UPRIGHT, HEAD_LETTER * max((len(word) for label in labels for word in label.split()), default=0))


def heat_by_column(
    view: View, name: str, title: str, values: Sequence[Sequence[float]], measures: Sequence[Measure]
) -> Figure:
    """Combinations over measures; every measure is tinted by itself."""
    columns = [heatmap.Head(measure.name, label=wording.metric(measure.name)) for measure in measures]
    there = [[value for value in column if math.isfinite(value)] or [0.0] for column in zip(*values, strict=True)]
    spans = [(min(column), max(column)) for column in there]
    rows = []
    for mask, row in zip(view.masks, values, strict=True):
        cells = []
        for measure, value, (low, high) in zip(measures, row, spans, strict=True):
            percent = measure.is_share and math.isfinite(value)
            text = fixed(100 * value, 1) if percent else measured(value, 2)
            note = f"{wording.metric(measure.name)}, {view.label(mask)}: {text}{' %' if percent else ''}"
            share = goodness(value, low, high, measure.higher_is_better)
            cells.append(heatmap.Cell(text, share, note, theme.ACCENT, view.key(mask)))
        rows.append((heatmap.Head(view.key(mask), view.has(mask)), cells))
    drawing = heatmap.grid(columns, rows, view.letters, title, wide=84)
    header = ("combination", *(measure.name for measure in measures))
    numbers = [(view.key(mask), *row) for mask, row in zip(view.masks, values, strict=True)]
    note = f"{say('{title}: shares in percent.', title=title)} {view.of(view.shown)}"
    return Figure(name, title, drawing, header, numbers, note)


def goodness(value: float, low: float, high: float, higher_is_better: bool) -> float:
    """Where a value stands between worst (0) and best (1)."""
    if not math.isfinite(value) or high <= low:
        return 0.5
    share = (value - low) / (high - low)
    return share if higher_is_better else 1 - share


def _short(view: View, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{100 * value:.0f}" if view.scored.is_share else f"{value:.2f}"
