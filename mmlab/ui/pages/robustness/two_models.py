"""Two models on the same samples: the difference for every combination, its uncertainty, and which model is right on
which sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.analysis.robustness.paired_model_test import PairedModelTest, paired_model_test
from mmlab.core.errors import MmlabError
from mmlab.core.group_name import group_name
from mmlab.core.number_text import p_value
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.ui.components import figure_card, page_frame, pickers, selection
from mmlab.ui.pages.robustness import sample_list, view_data
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, comparison_cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import interval_plot, svg_chart, theme
from mmlab.viz.base.figure import Figure

SURE = 0.05


def show(view: View) -> None:
    """The differences, and the samples that one of the two wins under the selected combination."""
    st.subheader(say("Two models, same samples"), help=wording.help("duel"), anchor=False)
    others = [method for method in view.graded if method != view.shown]
    if not others:
        st.caption(say("Choose a second method above."))
        return
    second = view_data.select("versus", say("Against"), others, _usual(view), cache.title, wording.help("method"), 260)
    with page_frame.error_boundary():
        found = _duel(view, second)
        figure_card.show(differences(view, second), "robustness.duel", lambda key: view_data.pick(view.task, key))
        st.html(_table(view, found, second))
        pickers.numbers_help("duel", "score_interval", "seed")
        _lists(view, found, second)


def figures(view: View) -> list[Figure]:
    """For the report; none with a single model."""
    if len(view.graded) < 2:
        return []
    try:
        return [differences(view, url_state.get("versus") if url_state.get("versus") in view.graded else _usual(view))]
    except MmlabError:
        return []


def differences(view: View, second: str) -> Figure:
    """The first model less the second, per combination, with interval and seeds. Raises DataError."""
    found, seeds = _duel(view, second), _seeds(view, second)
    measure = view.scored
    rows, numbers = [], []
    for mask in reversed(view.masks):
        value, (low, high) = float(found.difference[mask]), map(float, found.interval[mask])
        better = (value > 0) == measure.higher_is_better
        sure = low > 0 or high < 0
        dots = seeds.get(view.key(mask), ())
        note = f"{view.label(mask)}: {view.change(value)}"
        if np.isfinite(low):
            note = say(
                "{difference} ({low} to {high}), p {p}",
                difference=note,
                low=view.change(low),
                high=view.change(high),
                p=_p(found, mask),
            )
        colour = theme.ACCENT if better else theme.WRONG
        rows.append(
            interval_plot.Row(
                view.key(mask), view.has(mask), (interval_plot.Mark(value, low, high, colour, note, dots, not sure),)
            )
        )
        numbers.append((view.key(mask), value, low, high, float(found.p[mask])))
    reach = [v for row in rows for mark in row.marks for v in (mark.low, mark.high, *mark.seeds)]
    text = interval_plot.differences if measure.is_share else svg_chart.plain
    unit = f", {say('points')}" if measure.is_share else ""
    axis = svg_chart.around(
        [*reach, 0.0], f"{wording.metric(view.measure)}: {cache.title(view.shown)} − {cache.title(second)}{unit}", text
    )
    names = (cache.title(view.shown), cache.title(second))
    title = say("{first} against {second}", first=names[0], second=names[1])
    colours = (theme.ACCENT, theme.WRONG)
    legend = [(say("better: {model}", model=name), shade) for name, shade in zip(names, colours, strict=True)]
    drawing = interval_plot.intervals(rows, axis, view.letters, title, legend, view.selected.key, zero=True)
    count = max((len(dots) for dots in seeds.values()), default=0)
    told = [view.bands]
    if found.clusters.are_enough:
        told.append(say("Hollow where a band holds 0."))
    if count:
        told.append(say("Small dots: pairs of runs with the same seed ({count}).", count=count))
    header = ("combination", "difference", "low", "high", "p (Holm)")
    note = " ".join([*told, view.basis])
    return Figure("two-models", title, drawing, header, numbers, note)


def _duel(view: View, second: str) -> PairedModelTest:
    if url_state.get(selection.FIELD):
        return paired_model_test(view.graded[view.shown], view.graded[second], view.measure)
    one, other = view.references[view.shown], view.references[second]
    stamps = (view_data.stamp(one, view.rule), view_data.stamp(other, view.rule))
    return _kept(one, other, view.rule, view.measure, stamps)


@st.cache_resource(show_spinner=False, max_entries=64)
def _kept(one: Reference, other: Reference, rule: str, measure: str, stamps: tuple[int, int]) -> PairedModelTest:
    return paired_model_test(view_data.graded(one, rule, stamps[0]), view_data.graded(other, rule, stamps[1]), measure)


def _seeds(view: View, second: str) -> dict[str, tuple[float, ...]]:
    """Differences of runs with the same seed, by combination; measured with missing inputs left to the methods."""
    if view.rule != "native" or view.measure not in view.task.info.output.metric_names:
        return {}
    stamp = comparison_cache.stamp(view.task.name)
    try:
        found: Comparison = comparison_cache.comparison(view.task.name, "", "built-in", "", view.measure, stamp)
    except MmlabError:
        return {}
    runs = {run.name: run for run in found.runs}
    if view.shown not in runs or second not in runs:
        return {}
    one, other = runs[view.shown], runs[second]
    common = sorted(set(one.seeds) & set(other.seeds))
    pairs = [one.scores[one.seeds.index(s)] - other.scores[other.seeds.index(s)] for s in common]
    return {key: tuple(float(pair[k]) for pair in pairs) for k, key in enumerate(found.combinations)}


def _table(view: View, found: PairedModelTest, second: str) -> str:
    """Won, lost and McNemar's p, per combination."""
    body = []
    for mask in reversed(view.masks):
        sure = " <b>*</b>" if found.p[mask] < SURE else ""
        chips = "".join(theme.chip(*view.letters[i]) for i, on in enumerate(view.has(mask)) if on)
        body.append(
            f"<tr><td><span class='mm-combo'>{chips}</span></td><td class='mm-num'>{int(found.won[mask].sum())}</td>"
            f"<td class='mm-num'>{int(found.lost[mask].sum())}</td><td class='mm-num'>{_p(found, mask)}{sure}</td></tr>"
        )
    titles = (escape(cache.title(view.shown)), escape(cache.title(second)))
    good = escape(say("Right means: {good}.", good=say(view.one.good)))
    only = "".join(f"<th>{say('only {model} right', model=title)}</th>" for title in titles)
    head = f"<th>{say('Inputs')}</th>{only}<th>p ({say(found.test)}, Holm)</th>"
    return (
        f'<div class="mm-scroll"><table class="mm-table"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody>'
        f'</table></div><p class="mm-note">{_sure(view, found)} {good}</p>'
    )


def _sure(view: View, found: PairedModelTest) -> str:
    """What the stars mean, or why there is no test."""
    noun = group_name(view.task)
    if not found.clusters.are_enough:
        return escape(found.clusters.in_words(noun, phrase("test")))
    told = say("p below {level} after the correction for {count} tests.", level=SURE, count=len(view.masks))
    if not found.clusters.are_singles:
        told += f" {say('Samples of one group ({group}) are flipped together.', group=escape(say(noun)))}"
    return f"<b>*</b> {told}"


def _lists(view: View, found: PairedModelTest, second: str) -> None:
    names = [page_frame.plain(cache.title(method)) for method in (view.shown, second)]
    label = page_frame.plain(view.selected.label)
    for flags, only in ((found.won[view.mask], names[0]), (found.lost[view.mask], names[1])):
        title = say("Only {model} is right with {inputs}", model=only, inputs=label)
        sample_list.show(view, np.flatnonzero(flags).tolist(), view.mask, title)


def _p(found: PairedModelTest, mask: int) -> str:
    return p_value(float(found.p[mask]))


def _usual(view: View) -> str:
    """What the shown model is compared to before anybody chose: the first of the others."""
    others: Sequence[str] = [method for method in view.graded if method != view.shown]
    return others[0]
