"""Prediction flips: the samples that become wrong without a modality, smallest sufficient sets, and slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mmlab.analysis import smallest_sufficient, worst_slice
from mmlab.analysis.robustness.measure_slices import measure_slices
from mmlab.analysis.robustness.prediction_flips import negative_flip_shares, smallest_sufficient_shares
from mmlab.analysis.robustness.slices import WorstSlice
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.group_name import several
from mmlab.core.modality import spoken
from mmlab.core.phrases import phrase, say
from mmlab.ui.components import figure_card, page_frame, pickers, selection
from mmlab.ui.pages.robustness import heatmaps, sample_list, view_data
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import heatmap, interval_plot, svg_chart, theme
from mmlab.viz.base.figure import Figure

SLICES = {
    "answer": phrase("Ground truth"),
    "group": phrase("Speaker or person"),
    "size": phrase("Size"),
    "strength": phrase("Strength"),
    view_data.HARDNESS: phrase("Difficulty for other models"),
}
FEWEST = 20
MOST_SLICES = 40


def show(view: View) -> None:
    """The matrix of flips with the samples of one cell, the least that is enough, and the slices."""
    st.subheader(say("Prediction flips"), help=wording.help("flips"), anchor=False)
    lost = target(view)
    figure_card.show(matrix(view, lost), "robustness.flips", lambda pair: _go(view, pair))
    _flipped(view, lost)
    st.subheader(say("Smallest sufficient set"), help=wording.help("enough"), anchor=False)
    figure_card.show(
        enough(view), "robustness.enough", lambda key: view_data.pick(view.task, key) if key != "never" else None
    )
    rows = np.flatnonzero(smallest_sufficient(view.one.right) == view.mask)
    sample_list.show(
        view,
        rows.tolist(),
        view.mask,
        say("{inputs} is the least that is enough", inputs=page_frame.plain(view.selected.label)),
    )
    st.subheader(say("Slices"), help=wording.help("slice"), anchor=False)
    with page_frame.error_boundary():
        _slices(view)


def figures(view: View) -> list[Figure]:
    """For the report."""
    slicing = next(iter(_slicings(view)), "")
    return [matrix(view, target(view)), enough(view), *([slices(view, slicing)[0]] if slicing else [])]


def target(view: View) -> int:
    """What is left of the selected combination: of the address, or what spoils most of its samples."""
    wanted = url_state.get("to")
    if wanted:
        try:
            return view.one.mask(view.task.info.modalities.parse(wanted).key)
        except UnknownName as error:
            page_frame.show_error(error, quiet=True)
    shares = negative_flip_shares(view.one.right)[view.mask]
    return max(view.masks, key=lambda mask: float(shares[mask]))


def matrix(view: View, lost: int) -> Figure:
    """Right with the row, wrong with the column."""
    shares = negative_flip_shares(view.one.right)
    most = float(shares[1:, 1:].max()) or 1.0
    title = say("Right under the row, wrong under the column: {model}", model=cache.title(view.shown))
    rows = []
    for first in view.masks:
        cells = []
        for second in view.masks:
            share = float(shares[first, second])
            note = say(
                "Right with {first}, wrong with {second}: {share}",
                first=view.label(first),
                second=view.label(second),
                share=wording.percent(share),
            )
            text = "" if first == second else f"{100 * share:.0f}" if share >= 0.005 or share == 0 else "<1"
            pick = f"{view.key(first)}>{view.key(second)}" if first != second else ""
            cells.append(heatmap.Cell(text, share / most, note, theme.WRONG, pick))
        rows.append((heatmap.Head(view.key(first), view.has(first)), cells))
    columns = [heatmap.Head(view.key(mask), view.has(mask)) for mask in view.masks]
    chosen = f"{view.selected.key}>{view.key(lost)}"
    drawing = heatmap.grid(columns, rows, view.letters, title, chosen, say("right under"), say("wrong under"))
    numbers = [(view.key(a), *(float(shares[a, b]) for b in view.masks)) for a in view.masks]
    header = ("right under", *(view.key(mask) for mask in view.masks))
    told = say("Percent of the samples. Right means: {good}.", good=say(view.one.good))
    note = f"{told} {view.of(view.shown)}"
    return Figure("flips", title, drawing, header, numbers, note)


def enough(view: View) -> Figure:
    """For how many samples each combination is the smallest that is enough, for every model."""
    labels = [*view.masks, -1]
    shares = {m: smallest_sufficient_shares(graded.right, labels) for m, graded in view.graded.items()}
    rows = []
    for place, mask in enumerate(labels):
        marks = []
        for method, values in shares.items():
            what = view.label(mask) if mask > 0 else say("no set suffices")
            note = f"{cache.title(method)}, {what}: {wording.percent(values[place])}"
            marks.append(interval_plot.Mark(values[place], np.nan, np.nan, view.colour(method), note))
        key, has = (view.key(mask), view.has(mask)) if mask > 0 else ("never", ())
        rows.append(interval_plot.Row(key, has, tuple(marks), "" if has else say("never")))
    title = say("Smallest sufficient set, share of the samples")
    axis = svg_chart.around(
        [value for values in shares.values() for value in values], say("share of the samples"), low=0.0
    )
    legend = [(cache.title(method), view.colour(method)) for method in shares]
    drawing = interval_plot.intervals(rows, axis, view.letters, title, legend, view.selected.key)
    keys = [view.key(mask) if mask > 0 else "never" for mask in labels]
    numbers = [(method, *values) for method, values in shares.items()]
    told = say("Sufficient means: {good}, and with anything added as well.", good=say(view.one.good))
    note = f"{told} {view.basis}"
    return Figure("enough", title, drawing, ("method", *keys), numbers, note)


def slices(view: View, slicing: str) -> tuple[Figure, WorstSlice | None]:
    """The score of each slice under each combination, and the worst of those that are large enough."""
    belongs = _slicings(view)[slicing]
    measure = view.scored
    table = measure_slices(measure, view.masks, belongs)
    try:
        worst = worst_slice(table, FEWEST, higher_is_better=measure.higher_is_better)
    except DataError:
        worst = None
    names = table.names[:MOST_SLICES]
    chosen = f"{worst.name}|{view.key(view.masks[worst.combination])}" if worst else ""
    if url_state.get("slice") in table.names:
        chosen = f"{url_state.get('slice')}|{view.selected.key}"
    title = f"{say(SLICES.get(slicing, slicing))}: {spoken(wording.metric(view.measure))}, {cache.title(view.shown)}"
    found = heatmaps.heat(
        view,
        "slices",
        title,
        names,
        [table.scores[i].tolist() for i in range(len(names))],
        pick=lambda row, mask: f"{names[row]}|{view.key(mask)}",
        selected=chosen,
        notes=lambda row, mask: f", {several(int(table.counts[row, view.masks.index(mask)]), 'sample')}",
    )
    return found, worst


def _slices(view: View) -> None:
    there = _slicings(view)
    if not there:
        st.caption(say("These samples have no property to slice by."))
        return
    first = next(iter(there))
    slicing = view_data.select("slices", say("By"), list(there), first, lambda n: say(SLICES.get(n) or n), None, 260)
    found, worst = slices(view, slicing)
    figure_card.show(found, "robustness.slices", lambda cell: _cell(view, cell))
    if worst is None:
        st.caption(say("No slice has {count} samples, so none is called the worst.", count=FEWEST))
    else:
        mask = view.masks[worst.combination]
        st.markdown(
            say(
                "**Worst: {slice} with {inputs}**, {score}, {change} against all samples ({count} samples).",
                slice=page_frame.plain(say(worst.name)),
                inputs=page_frame.plain(view.label(mask)),
                score=view.number(worst.score),
                change=view.change(worst.gap),
                count=worst.count,
            )
        )
    _samples_of(view, there[slicing], worst)


def _samples_of(view: View, belongs: Sequence[str], worst: WorstSlice | None) -> None:
    """What goes wrong in the slice that was clicked, or in the worst."""
    name, mask = url_state.get("slice"), view.mask
    if name not in belongs:
        if worst is None:
            return
        name, mask = worst.name, view.masks[worst.combination]
    rows = [i for i, slice_ in enumerate(belongs) if slice_ == name and not view.one.right[mask, i]]
    inputs = page_frame.plain(view.label(mask))
    title = say("{slice}: wrong with {inputs}", slice=page_frame.plain(say(name)), inputs=inputs)
    sample_list.show(view, rows, mask, title)


def _flipped(view: View, lost: int) -> None:
    one, other = view.label(view.mask), view.label(lost)
    if lost == view.mask:
        st.caption(say("Nothing flips from a combination to itself. Click a cell."))
        return
    rows = np.flatnonzero(view.one.right[view.mask] & ~view.one.right[lost])
    back = int((view.one.right[lost] & ~view.one.right[view.mask]).sum())
    st.caption(
        say(
            "The other way round, wrong with {one} and right with {other}: {count}.",
            one=page_frame.plain(one),
            other=page_frame.plain(other),
            count=back,
        )
    )
    sample_list.show(
        view,
        rows.tolist(),
        lost,
        say("Right with {one}, wrong with {other}", one=page_frame.plain(one), other=page_frame.plain(other)),
    )
    pickers.numbers_help("flips", "enough", "slice")


def _slicings(view: View) -> dict[str, tuple[str, ...]]:
    reference = view.references[view.shown]
    others = tuple(e.reference for e in cache.entries(view.task.name) if not e.problem and e.reference != reference)
    stamp = view_data.stamp(reference, view.rule)
    slicings = view_data.slicings(reference, view.rule, stamp, others)
    return selection.sliced(slicings, view_data.graded(reference, view.rule, stamp).ids, view.one.ids)


def _go(view: View, pair: str) -> None:
    first, _, second = pair.partition(">")
    view_data.pick(view.task, first)
    url_state.put(to=second)


def _cell(view: View, cell: str) -> None:
    name, _, key = cell.rpartition("|")
    view_data.pick(view.task, key)
    url_state.put(slice=name)
