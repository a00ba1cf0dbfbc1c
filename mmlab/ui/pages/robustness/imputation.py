"""Imputation: the rules side by side, and inputs that are corrupted rather than missing.

Both need the models. They are computed when somebody asks, in the background, and kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import streamlit as st

from mmlab.analysis.robustness.per_sample_scores import PerSampleScores, grade
from mmlab.core.errors import MmlabError
from mmlab.core.modality import Modality, spoken
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.inference import imputation
from mmlab.modalities.corruption import SEVERITIES, describe, label, offered
from mmlab.modalities.stretches import BLANKED
from mmlab.ui.components import background_task, figure_card, page_frame, pickers, selection
from mmlab.ui.components.background_task import ProgressCallback
from mmlab.ui.pages.robustness import heatmaps, view_data
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import svg_chart
from mmlab.viz.base.figure import Figure


def show(view: View) -> None:
    """Asks again by itself while something is computed."""
    background_task.live((_rules_name(view), _corruption_name(view)), view.made, partial(_panel, view))


def begin(view: View) -> None:
    """Compute what is not there yet, once in a session."""
    if left := [rule for rule in imputation.RULES if rule not in _computed(view)]:
        background_task.start_once(_rules_name(view), _rules_job(view, left))
    modality, kind = _corruption(view)
    if kind and (lacking := _not_computed(view, modality, kind)):
        background_task.start_once(_corruption_name(view), _corruption_job(view, lacking))


def figures(view: View) -> list[Figure]:
    """For the report: what was computed so far."""
    found = [compare(view)] if len(_computed(view)) > 1 else []
    try:
        return [*found, corrupted(view, *_corruption(view))]
    except MmlabError:
        return found


def compare(view: View) -> Figure:
    """The model that is shown under every rule that was computed, over all combinations."""
    computed = _computed(view)
    titles = [say(imputation.RULES[rule].title) for rule in computed]
    values = [[float(each.measures[view.measure].scores[mask]) for mask in view.masks] for each in computed.values()]
    metric = wording.metric(view.measure)
    title = say("{metric} by what missing means, {model}", metric=metric, model=cache.title(view.shown))
    found = heatmaps.heat(
        view, "rules", title, titles, values, lambda row, mask: f"{list(computed)[row]}|{view.key(mask)}", upright=True
    )
    ids = next(iter(computed.values())).ids
    told = say(
        "{title}, on the same {count} test samples. Complete input is the same under every rule.",
        title=title,
        count=f"{len(ids):,}",
    )
    note = " ".join([told, *_strangers(view, ids)])
    return Figure(found.name, title, found.drawing, found.header, found.rows, note)


def corrupted(view: View, modality: str, kind: str) -> Figure:
    """Score against severity, complete input with one of them corrupted, beside the score without it."""
    item = view.task.info.modalities[modality]
    whole = len(view.one.right) - 1
    without = whole ^ 1 << view.task.info.modalities.names.index(modality)
    lines, levels = {}, {}
    for method, reference in view.references.items():
        try:
            found = [selection.only(each, view.wanted) for each in _corrupted(reference, modality, kind)]
            ids = found[0].ids
        except imputation.NotComputed:
            continue
        lines[method] = [float(each.measures[view.measure].scores[whole]) for each in found]
        levels[method] = float(found[0].measures[view.measure].scores[without])
    if not lines:
        raise imputation.NotComputed(say("This was not computed yet."), say("Compute it under Imputation."))
    what = label(item.kind, kind)
    title = say(
        "{corruption} on {input}: {metric} with every input on",
        corruption=what,
        input=say(item.label),
        metric=spoken(wording.metric(view.measure)),
    )
    axis = view.axis([*(value for line in lines.values() for value in line), *levels.values()])
    drawn = svg_chart.Plot(title, svg_chart.Axis(say("severity"), 0, 5, svg_chart.plain), axis)
    places = [0.0, *map(float, SEVERITIES)]
    for series, (method, line) in enumerate(lines.items()):
        drawn.line(places, line, view.colour(method), cache.title(method), series)
        for place, value in zip(places, line, strict=True):
            note = say(
                "{model}, severity {severity}: {value}",
                model=cache.title(method),
                severity=f"{place:.0f}",
                value=view.number(value),
            )
            drawn.dot(place, value, view.colour(method), note)
        level = say("{model} without {input}", model=cache.title(method), input=say(item.label))
        drawn.level(levels[method], level, view.colour(method))
    steps = describe(item.kind, kind, 1).rpartition(":")[0]
    told = say(
        "{metric} on {count} shipped samples. Severity: {steps}.",
        metric=wording.metric(view.measure),
        count=f"{len(ids):,}",
        steps=steps,
    )
    note = " ".join([told, *_strangers(view, ids)])
    rows = [(m, levels[m], *line) for m, line in lines.items()]
    header = ("method", "without it", *(f"severity {place:.0f}" for place in places))
    return Figure("damage", title, drawn.svg, header, rows, note)


def _strangers(view: View, ids: Collection[str]) -> list[str]:
    """That none of the chosen samples is among those that were computed, so that all of these are shown."""
    none = view.wanted is not None and view.wanted.isdisjoint(ids)
    return [say("None of them is selected.")] if none else []


def _panel(view: View) -> None:
    st.subheader(say("Imputation"), help=wording.help("rule"), anchor=False)
    _rules(view)
    st.subheader(say("Corrupted instead of missing"), help=wording.help("corrupted"), anchor=False)
    _corruptions(view)


def _rules(view: View) -> None:
    computed, name = _computed(view), _rules_name(view)
    for rule, each in imputation.RULES.items():
        here = "" if rule in computed else f" *({say('not computed yet')})*"
        title = say(each.title)
        st.caption(f"**{title[:1].upper()}{title[1:]}.** {say(each.about)}{here}")
    if len(computed) > 1:
        figure_card.show(compare(view), "robustness.rules", lambda cell: _use(view, cell))
        st.caption(say("Click a cell to use its imputation on the whole page."))
    background_task.show(name, say("Predicting {count} test samples with each imputation", count=imputation.COUNT))
    left = [rule for rule in imputation.RULES if rule not in computed]
    if left and not background_task.alive(name):
        text = say(
            "Compute all imputations for {model} ({count} test samples)",
            model=cache.title(view.shown),
            count=imputation.COUNT,
        )
        st.button(text, key="rules.compute", on_click=partial(_start_rules, view, left))


def _corruptions(view: View) -> None:
    modality, kind = _corruption(view)
    if not kind:
        st.caption(say("No corruption is available for these inputs."))
        return
    item = view.task.info.modalities[modality]
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-corruption"):
        st.selectbox(
            say("Input"),
            [each.name for each in view.task.info.modalities if _kinds(view, each)],
            format_func=lambda name: say(view.task.info.modalities[name].label),
            key=url_state.follow("corruption.input", modality),
            on_change=_choose,
            args=(view, "input"),
            width=190,
        )
        st.selectbox(
            say("Corruption"),
            _kinds(view, item),
            format_func=lambda each: label(item.kind, each),
            key=url_state.follow("corruption.kind", kind),
            on_change=_choose,
            args=(view, "kind"),
            width=220,
        )
    with page_frame.error_boundary():
        left = _not_computed(view, modality, kind)
        if len(left) < len(view.references):
            figure_card.show(corrupted(view, modality, kind), "robustness.damage")
        name = _corruption_name(view)
        background_task.show(name, say("Corrupting the shipped samples and predicting them"))
        if left and not background_task.alive(name):
            named = ", ".join(cache.title(method) for method in left)
            st.button(
                say("Compute for {models}", models=named),
                key="corruption.compute",
                on_click=partial(_start_corruption, view, left),
            )
    pickers.numbers_help("rule", "corrupted")


def _computed(view: View) -> dict[str, PerSampleScores]:
    """The model that is shown under every rule there is, all on the samples of the smallest."""
    reference = view.references[view.shown]
    found = {}
    for rule in imputation.RULES:
        try:
            found[rule] = view_data.graded(reference, rule, view_data.stamp(reference, rule))
        except MmlabError:
            continue  # said beside the rule
    if imputation.NATIVE in found and len(found) > 1:
        fewest = min(found.values(), key=lambda each: len(each.ids))
        found[imputation.NATIVE] = _native_on(reference, fewest.ids)
    return {rule: selection.only(each, view.wanted) for rule, each in found.items()}


@st.cache_resource(show_spinner=False, max_entries=16)
def _native_on(reference: Reference, ids: tuple[str, ...]) -> PerSampleScores:
    """The shipped answers to some of the test samples."""
    return grade(imputation.only(cache.sweep(reference), ids), cache.task(reference.task).info.output)


def _corrupted(reference: Reference, modality: str, kind: str) -> list[PerSampleScores]:
    digest = view_data.digest(reference)
    return _corruption_graded(reference, modality, kind, imputation.corrupted_stamp(digest, modality, kind))


@st.cache_resource(show_spinner=False, max_entries=32)
def _corruption_graded(reference: Reference, modality: str, kind: str, stamp: int) -> list[PerSampleScores]:
    info = cache.task(reference.task).info
    found = imputation.stored_corrupted(view_data.digest(reference), modality, kind, info)
    return [grade(each, info.output) for each in found]


def _corruption(view: View) -> tuple[str, str]:
    """The input and the corruption in the address, or the first ones there are."""
    modalities = view.task.info.modalities
    modality, _, kind = url_state.get("damage").split(",")[0].partition(":")
    kind = kind.partition(":")[0]
    able = [item.name for item in modalities if _kinds(view, item)]
    if not able:
        return modalities.names[0], ""
    modality = modality if modality in able else able[0]
    kinds = _kinds(view, modalities[modality])
    return modality, kind if kind in kinds else kinds[0]


def _kinds(view: View, item: Modality) -> tuple[str, ...]:
    """What can go wrong with an input, but for what has a section of its own."""
    return tuple(kind for kind in offered(view.task, item) if kind != BLANKED)


def _choose(view: View, what: str) -> None:
    modality = st.session_state["corruption.input"]
    kinds = _kinds(view, view.task.info.modalities[modality])
    kind = st.session_state["corruption.kind"] if what == "kind" else kinds[0]
    url_state.put(damage=f"{modality}:{kind}:3")


def _use(view: View, cell: str) -> None:
    rule, _, key = cell.partition("|")
    url_state.put(rule=None if rule == imputation.NATIVE else rule)
    view_data.pick(view.task, key)


def _rules_name(view: View) -> str:
    return f"rules-{view.task.name}-{view.shown}"


def _corruption_name(view: View) -> str:
    return f"corruption-{view.task.name}-{'-'.join(_corruption(view))}"


def _not_computed(view: View, modality: str, kind: str) -> list[str]:
    """The methods for which this corruption was not computed yet."""
    digests = {method: view_data.digest(reference) for method, reference in view.references.items()}
    return [method for method, digest in digests.items() if not imputation.corrupted_stamp(digest, modality, kind)]


def _start_rules(view: View, left: list[str]) -> None:
    background_task.start(_rules_name(view), _rules_job(view, left))


def _rules_job(view: View, left: list[str]) -> Callable[[ProgressCallback], None]:
    reference = view.references[view.shown]

    def job(progress: ProgressCallback) -> None:
        with cache.pool().lend(reference) as model:
            for place, rule in enumerate(left):
                imputation.compute(model, rule, imputation.COUNT, background_task.part(progress, place, len(left)))

    return job


def _start_corruption(view: View, left: list[str]) -> None:
    background_task.start(_corruption_name(view), _corruption_job(view, left))


def _corruption_job(view: View, left: list[str]) -> Callable[[ProgressCallback], None]:
    modality, kind = _corruption(view)

    def job(progress: ProgressCallback) -> None:
        for place, method in enumerate(left):
            with cache.pool().lend(view.references[method]) as model:
                imputation.compute_corrupted(
                    model, modality, kind, imputation.COUNT, background_task.part(progress, place, len(left))
                )

    return job
