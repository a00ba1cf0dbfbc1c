"""Blanked stretches: the score of every combination when more and more of one input is blanked, at one position.

Needs the models. Computed when somebody asks, in the background, and kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.robustness.per_sample_scores import PerSampleScores, grade
from mmlab.core.errors import MmlabError
from mmlab.core.modality import spoken
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.core.task import Task
from mmlab.inference import blanking, imputation
from mmlab.inference.blanking import PERCENT, BlankRule
from mmlab.modalities.corruption import offered
from mmlab.modalities.stretches import BLANKED, RANDOM
from mmlab.ui.components import background_task, figure_card, page_frame, pickers, selection
from mmlab.ui.components.background_task import ProgressCallback
from mmlab.ui.pages.robustness import heatmaps, view_data
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import svg_chart
from mmlab.viz.base.figure import Figure

FIELD = "blank"
PLACES = {
    "beginning": phrase("at the beginning"),
    "middle": phrase("in the middle"),
    "end": phrase("at the end"),
    RANDOM: phrase("at random"),
}
USUAL, MOST_SEEDS = "middle", 9999
SHARES = [percent / 100 for percent in PERCENT]


@dataclass(frozen=True)
class Blanked:
    """A model under every share: scores by measure are asked of `graded`; lost: how many samples cannot be read."""

    graded: tuple[PerSampleScores, ...]
    lost: tuple[int, ...]

    def scores(self, measure: str, alone: int) -> NDArray[np.float64]:
        """`[shares, 2**M]`; NaN for the input `alone` (a bit mask) where some sample has nothing left of it."""
        found = np.stack([each.measures[measure].scores for each in self.graded])
        found[np.array(self.lost) > 0, alone] = np.nan
        return found


def show(view: View) -> None:
    """Asks again by itself while something is computed."""
    rule = chosen(view.task)
    names = () if rule is None else (_name(view, rule),)
    background_task.live(names, view.made, partial(_panel, view))


def figures(view: View) -> list[Figure]:
    """For the report: what was computed so far."""
    rule = chosen(view.task)
    found = {} if rule is None else _computed(view, rule)
    return [] if rule is None or not found else _figures(view, rule, found)


def chosen(task: Task) -> BlankRule | None:
    """The rule of the address; the first input, in the middle, where it names none. None where nothing runs on."""
    able = _able(task)
    if not able:
        return None
    modality, _, rest = url_state.get(FIELD).partition(":")
    place, _, seed = rest.partition(":")
    number = int(seed) if seed.isascii() and seed.isdigit() and len(seed) <= len(str(MOST_SEEDS)) else 0
    place = place if place in PLACES else USUAL
    return BlankRule(modality if modality in able else able[0], place, number if place == RANDOM else 0)


def curves(view: View, rule: BlankRule, found: dict[str, Blanked]) -> Figure:
    """Score against share for the combination that is selected, a line per model, with the score without the input."""
    alone = 1 << view.task.info.modalities.names.index(rule.modality)
    without = view.mask & ~alone
    lines = {method: each.scores(view.measure, alone)[:, view.mask].tolist() for method, each in found.items()}
    levels = {method: _without(view, each, without) for method, each in found.items()}
    title = say(
        "{metric} with a stretch of {input} blanked, {place}: {inputs}",
        metric=wording.metric(view.measure),
        input=view.task.info.modalities[rule.modality].spoken,
        place=_place(rule),
        inputs=view.selected.label,
    )
    axis = view.axis([value for line in (*lines.values(), list(levels.values())) for value in line])
    drawn = svg_chart.Plot(title, svg_chart.Axis(say("share that is blanked"), 0, 1), axis)
    for series, (method, line) in enumerate(lines.items()):
        drawn.line(SHARES, line, view.colour(method), cache.title(method), series)
        for share, value in zip(SHARES, line, strict=True):
            told = {"model": cache.title(method), "share": svg_chart.percent(share), "value": view.number(value)}
            drawn.dot(share, value, view.colour(method), say("{model}, {share} blanked: {value}", **told))
        if rule.modality in view.selected and without:
            named = say("{model} without {input}", model=cache.title(method), input=_label(view, rule))
            drawn.level(levels[method], named, view.colour(method))
    header = ("method", "without it", *(f"{percent} % blanked" for percent in PERCENT))
    rows = [(method, levels[method], *line) for method, line in lines.items()]
    return Figure("blanked", title, drawn.svg, header, rows, _note(view, rule, found))


def shares(view: View, rule: BlankRule, one: Blanked) -> Figure:
    """The model that is shown: every share by every combination."""
    alone = 1 << view.task.info.modalities.names.index(rule.modality)
    values = one.scores(view.measure, alone)[:, view.masks].tolist()
    model, metric = cache.title(view.shown), wording.metric(view.measure)
    told = {"metric": metric, "input": _label(view, rule), "place": _place(rule), "model": model}
    title = say("{metric} by how much of {input} is blanked, {place}: {model}", **told)
    labels = [f"{percent} %" for percent in PERCENT]
    drawn = heatmaps.heat(view, "blanked-shares", title, labels, values, lambda row, mask: view.key(mask))
    return replace(drawn, note=_note(view, rule, {view.shown: one}))


def _panel(view: View) -> None:
    st.subheader(say("A blanked stretch"), help=wording.help("blanked"), anchor=False)
    rule = chosen(view.task)
    if rule is None:
        st.caption(say("No input of this task runs over time, so that none has a stretch that could be blanked."))
        return
    blank = say(_blank(view.task, rule))
    st.caption(say("The input is still given, not reported as missing: the stretch holds {blank}.", blank=blank))
    _controls(view, rule)
    with page_frame.error_boundary():
        found = _computed(view, rule)
        if found:
            figure_card.show(curves(view, rule, found), "robustness.blanked")
            _say_levels(view, rule)
        if view.shown in found:
            pick = partial(view_data.pick, view.task)
            figure_card.show(shares(view, rule, found[view.shown]), "robustness.blanked.shares", pick)
        name = _name(view, rule)
        background_task.show(name, say("Blanking the shipped samples and predicting them"))
        left = [method for method in view.references if method not in found]
        if left and not background_task.alive(name):
            named = ", ".join(cache.title(method) for method in left)
            begin = partial(background_task.start, name, _job(view, rule, left))
            st.button(say("Compute for {models}", models=named), key="blanked.compute", on_click=begin)
    pickers.numbers_help("blanked")


def _controls(view: View, rule: BlankRule) -> None:
    """Which input, where, and for a place at random under which seed."""
    modalities = view.task.info.modalities
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-blanked"):
        st.selectbox(
            say("Input"),
            _able(view.task),
            format_func=lambda name: say(modalities[name].label),
            key=url_state.follow("blanked.input", rule.modality),
            on_change=_choose,
            width=190,
        )
        st.selectbox(
            say("Place"),
            list(PLACES),
            format_func=lambda place: say(PLACES[place]),
            key=url_state.follow("blanked.place", rule.place),
            on_change=_choose,
            width=190,
        )
        if rule.place == RANDOM:
            st.number_input(
                say("Seed"),
                0,
                MOST_SEEDS,
                key=url_state.follow("blanked.seed", rule.seed),
                on_change=_choose,
                help=say("Each sample has a place of its own; a larger share always holds a smaller one."),
                width=130,
            )


def _say_levels(view: View, rule: BlankRule) -> None:
    """What the dashed lines are for, or why all are level."""
    if rule.modality not in view.selected:
        told = say("{input} is not among the selected inputs, so that the lines are level.", input=_label(view, rule))
        st.caption(told)
    elif len(view.selected) > 1:
        st.caption(say("Below its dashed line a model would do better if it were told that the input is missing."))


def _figures(view: View, rule: BlankRule, found: dict[str, Blanked]) -> list[Figure]:
    more = [shares(view, rule, found[view.shown])] if view.shown in found else []
    return [curves(view, rule, found), *more]


def _note(view: View, rule: BlankRule, found: dict[str, Blanked]) -> str:
    """What the numbers rest on, and from which share on recordings are lost altogether."""
    first = next(iter(found.values()))
    told = [
        say(
            "{metric} on {count} shipped samples.",
            metric=wording.metric(view.measure),
            count=f"{len(first.graded[0].ids):,}",
        )
    ]
    gone = next((place for place, lost in enumerate(first.lost) if lost), None)
    if gone is not None:
        facts = {"share": f"{PERCENT[gone]} %", "count": f"{first.lost[gone]:,}", "input": _label(view, rule)}
        told.append(
            say(
                "From {share} on some recordings ({count}) hold nothing that can be read: they count as missing, and "
                "{input} alone has no score.",
                **facts,
            )
        )
    if view.wanted is not None and view.wanted.isdisjoint(first.graded[0].ids):
        told.append(say("None of them is selected."))
    return " ".join(told)


def _without(view: View, one: Blanked, without: int) -> float:
    """The score of what is selected without the input: the same under every share."""
    return float(one.graded[0].measures[view.measure].scores[without]) if without else float("nan")


def _able(task: Task) -> list[str]:
    """The inputs of which a stretch can be blanked."""
    return [item.name for item in task.info.modalities if BLANKED in offered(task, item)]


def _label(view: View, rule: BlankRule) -> str:
    return say(view.task.info.modalities[rule.modality].label)


def _place(rule: BlankRule) -> str:
    """The place in words, with the seed."""
    place = spoken(PLACES[rule.place])
    return f"{place} ({say('seed {number}', number=rule.seed)})" if rule.place == RANDOM else place


def _blank(task: Task, rule: BlankRule) -> str:
    axis = modality_kind(task.info.modalities[rule.modality].kind).time_axis()
    return "" if axis is None else axis.blank


def _computed(view: View, rule: BlankRule) -> dict[str, Blanked]:
    """The chosen models that have answers under this rule."""
    found = {}
    for method, reference in view.references.items():
        try:
            stamp = blanking.blanked_stamp(view_data.digest(reference), rule)
            one = _graded(reference, rule, stamp) if stamp else None
        except MmlabError:
            continue  # computed anew when somebody asks
        if one is not None:
            graded = tuple(selection.only(each, view.wanted) for each in one.graded)
            found[method] = replace(one, graded=graded)
    return found


@st.cache_resource(show_spinner=False, max_entries=32)
def _graded(reference: Reference, rule: BlankRule, stamp: int) -> Blanked:
    info = cache.task(reference.task).info
    kept = blanking.stored_blanked(view_data.digest(reference), rule, info)
    column = info.modalities.names.index(rule.modality)
    lost = tuple(int((~each.present[:, column]).sum()) for each in kept)
    return Blanked(tuple(grade(_whole(each), info.output) for each in kept), lost)


def _whole(found: Sweep) -> Sweep:
    """With every sample, whatever is left of it: what is lost is answered without already."""
    return replace(found, present=np.ones_like(found.present))


def _choose() -> None:
    state = st.session_state
    rule = BlankRule(state["blanked.input"], state["blanked.place"], int(state.get("blanked.seed") or 0))
    url_state.put(**{FIELD: rule.text})


def _name(view: View, rule: BlankRule) -> str:
    return f"blanked-{view.task.name}-{rule.text.replace(':', '-')}"


def _job(view: View, rule: BlankRule, left: list[str]) -> Callable[[ProgressCallback], None]:
    def job(progress: ProgressCallback) -> None:
        for place, method in enumerate(left):
            with cache.pool().lend(view.references[method]) as model:
                part = background_task.part(progress, place, len(left))
                blanking.compute_blanked(model, rule, imputation.COUNT, part)

    return job
