"""The core of Explain: each input with its attribution map, the contributions of the inputs for every combination, and
what changes when another input is dropped. One panel; all combinations come from one call to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.attribution.registry import find as find_explainer
from mmlab.analysis.dominance.score_shapley import score_shapley
from mmlab.core import csv_file
from mmlab.core.errors import NothingPresent, UnknownName
from mmlab.core.modality import Combination, Modality
from mmlab.core.number_text import NONE, digits_of, on_scale
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.results import Attribution
from mmlab.core.task import TaskInfo
from mmlab.modalities import stretches
from mmlab.ui.components import (
    clickable_svg,
    explainer_picker,
    map_check,
    page_frame,
    pickers,
    sample_view,
)
from mmlab.ui.components.sample_view import SampleView
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.explain import attribution_maps

SAID, TRUTH = "said", "truth"
WHOSE = ("sample", "right answer", "task", "model", "explainer")
UNITS = "parts: share of 1; others: score of the explained output"
GRID = "display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.7rem;align-items:end"


@page_frame.panel
def show(task_name: str, sample: str, reference: Reference) -> None:
    """Maps, parts and differences for one sample and the model that is shown."""
    looked = sample_view.current_view(task_name, sample)
    on = looked.on
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-explained"):
        if on is not None:
            answers = cache.answers(reference, sample, looked.corruptions)
            target = _target(looked, answers[on.key].value)
            way = explainer_picker.choose(looked.task)
    if on is None:
        _maps(looked, None)
        raise NothingPresent(say("No input is switched on."), say("Switch at least one on to see its attribution map."))
    found = explainer_picker.maps(reference, looked, target, way)
    st.subheader(say("Attribution maps"), help=wording.help("looks"), anchor=False)
    with page_frame.error_boundary():
        map_check.badge(reference, looked, target, way, found)
    _maps(looked, found)
    st.html(attribution_maps.legend())
    st.caption(explainer_picker.about(way))
    left, right = st.columns([4, 5], gap="large")
    with left, page_frame.error_boundary():
        st.subheader(say("What comes through each input"), help=wording.help("part"), anchor=False)
        _parts(looked, found)
    with right, page_frame.error_boundary():
        st.subheader(say("With and without another input"), help=wording.help("map_shift"), anchor=False)
        _without(looked, found)
    with st.container(horizontal=True, vertical_alignment="center", key="mm-foot"):
        pickers.numbers_help(
            "looks", "part", "net_part", "score_shapley", "explained", "map_shift", more=explainer_picker.each()
        )
        name = f"mmlab-explain-{task_name}-{sample}-{reference.method}.csv"
        whose = (
            sample,
            looked.item.answer,
            looked.task.title,
            cache.title(reference.method),
            find_explainer(way).title,
        )
        data = partial(as_csv, found, looked.task.info, whose)
        st.download_button(say("Numbers (CSV)"), data=data, file_name=name, mime="text/csv", on_click="ignore")


def _target(looked: SampleView, said: object) -> int:
    """What is explained: the answer now, the right one, or one that was chosen. Says so where the address is wrong."""
    output = looked.task.info.output
    names, now = [say(name) for name in output.targets], output.target_of(said)
    truth = looked.item.target if output.class_names and looked.item.target is not None else None
    choices = {SAID: say("Predicted now: {answer}", answer=names[now])} if output.is_one_target else {}
    if output.label_names and not output.is_one_target:
        choices = {SAID: say("Most probable now: {answer}", answer=names[now])}
    if truth is not None:
        choices[TRUTH] = say("The right answer: {answer}", answer=names[truth])
    choices |= {str(index): name for index, name in enumerate(names)}
    if output.label_names and not output.is_one_target and looked.item.target is not None:
        choices |= {str(index): f"{names[index]} ✓" for index, right in enumerate(looked.item.target) if right}
    wanted = url_state.get("target") or next(iter(choices))
    if wanted not in choices:
        page_frame.show_error(
            UnknownName(say("The link asks for an output that cannot be explained here."), say("Choose one below.")),
            True,
        )
        wanted = next(iter(choices))
    st.selectbox(
        say("Explained output"),
        list(choices),
        format_func=choices.__getitem__,
        key=url_state.follow("target", wanted),
        help=wording.help("explained"),
        width=320,
        on_change=lambda: url_state.put(target=st.session_state["target"]),
    )
    return {SAID: now, TRUTH: truth}.get(wanted) if wanted in (SAID, TRUTH) else int(wanted)  # type: ignore[return-value]


def _maps(looked: SampleView, found: Attribution | None) -> None:
    modalities = looked.task.info.modalities
    for position, (column, modality) in enumerate(
        zip(st.columns(len(modalities), gap="medium"), modalities, strict=True)
    ):
        with column, st.container(border=True, key=f"mm-input-{position}"), page_frame.error_boundary():
            pickers.toggle(modality, looked.given, looked.on)
            _map(looked, modality, found)


def _map(looked: SampleView, modality: Modality, found: Attribution | None) -> None:
    name = modality.name
    if name not in looked.world.arrays:
        problem = looked.world.problems.get(name)
        if problem is not None:
            page_frame.show_error(problem)
        st.caption(say("Not given: exactly 0 % comes through it."))
        return
    array, scales = (
        looked.world.arrays[name],
        attribution_maps.scales(modality.kind, modality.shape, looked.world.raw[name]),
    )
    if found is None or looked.on is None or name not in looked.on:
        st.html(attribution_maps.nothing(modality.kind, array, say(modality.label), scales, looked.world.words[name]))
        st.caption(say("Off: the model sees nothing of it, so its map is empty and exactly 0 % comes through it."))
        return
    heat, part = found.maps[looked.on.key][name], (found.net or found.shares)[looked.on.key][name]
    share = wording.percent(part)
    said, blank = looked.world.words[name], looked.world.blank(name)
    st.html(attribution_maps.overlay(modality.kind, array, heat, say(modality.label), scales, said, blank))
    if found.net:
        told = say("**{share}** of the net effect comes through it.", share=share)
    else:
        told = say("**{share}** of what is attributed comes through it.", share=share)
    if not heat.any():
        told += f" {say('No place of it speaks *for* this answer: it speaks against it, or hardly at all.')}"
    st.caption(told)
    if name in looked.world.blanks:
        st.caption(_blanked(looked, name))


def _blanked(looked: SampleView, name: str) -> str:
    """What is blanked of an input, and whether the model sees it."""
    told = stretches.in_words(looked.item.raw[name], looked.world.blanks[name].stretch)
    if looked.world.blank(name) is None:
        return f"{told} {say('Nothing of it is in what the model sees.')}"
    return f"{told} {say('It is hatched.')}"


def _parts(looked: SampleView, found: Attribution) -> None:
    modalities = looked.task.info.modalities
    assert looked.on is not None
    bars = attribution_maps.share_bars(
        found.net or found.shares,
        pickers.letters(modalities),
        pickers.labels(modalities),
        pickers.colours(modalities),
        looked.on.key,
    )
    clickable_svg.board(bars, key=f"parts.{looked.task.name}", on_pick=partial(sample_view.go_to, looked.given))
    if found.net:
        told = say("Each row is one combination, its parts are those of the net effect.")
    else:
        told = say("Each row is one combination, its parts are those of all that is attributed.")
    st.caption(f"{told} {say('Click a row to go there.')}")
    st.html(_three_ways(looked, found))
    st.caption(
        say(
            "**Nothing is concluded from the absolute sum.** It adds up more for an input with more "
            "places, so that inputs are not compared by it; the net effect and the Shapley value do not "
            "depend on how large a map is."
        )
    )


def _three_ways(looked: SampleView, found: Attribution) -> str:
    """The inputs that are on by net effect, Shapley value and absolute sum, with the size of what was added up."""
    assert looked.on is not None
    info, key = looked.task.info, looked.on.key
    values = score_shapley(found, looked.on, info.modalities, info.output)
    digits = digits_of(values.values(), 2)
    lines = {
        say(info.modalities[name].label): (
            wording.percent(found.net[key][name]) if found.net else NONE,
            on_scale(values[name], digits, signed=True) if values else NONE,
            wording.percent(found.shares[key][name]),
            f"{found.cells[name]:,}" if name in found.cells else NONE,
        )
        for name in looked.on.names
    }
    return attribution_maps.parts_table(
        (say("Net effect"), say("Shapley value"), say("Absolute sum"), say("Numbers in it")), lines
    )


def _without(looked: SampleView, found: Attribution) -> None:
    assert looked.on is not None
    modalities = looked.task.info.modalities
    choices = [name for name in looked.given if set(looked.on.names) - {name}]
    if len(looked.given) < 2 or not choices:
        st.caption(say("This needs two inputs that are present."))
        return
    chosen = url_state.get("without") if url_state.get("without") in choices else choices[-1]
    st.segmented_control(
        say("The input that is removed"),
        choices,
        format_func=lambda name: page_frame.plain(f"{modalities[name].letter} · {say(modalities[name].label)}"),
        key=url_state.follow("without", chosen),
        required=True,
        on_change=lambda: url_state.put(without=st.session_state["without"]),
    )
    fewer = modalities.combination(set(looked.on.names) - {chosen})
    more = modalities.combination({*looked.on.names, chosen})
    other = say(modalities[chosen].label)
    for name in fewer.names:
        st.html(_three(looked, found, modalities[name], more, fewer, other))
    st.html(attribution_maps.legend(diverging=True))


def _three(
    looked: SampleView, found: Attribution, modality: Modality, more: Combination, fewer: Combination, other: str
) -> str:
    """A map with the other input, without it, and the difference, and in words how much of it moved."""
    array = looked.world.arrays[modality.name]
    first, second = (np.asarray(found.maps[c.key][modality.name], np.float32) for c in (more, fewer))
    said, label, blank = looked.world.words[modality.name], say(modality.label), looked.world.blank(modality.name)
    draw = partial(attribution_maps.overlay, modality.kind, array, label=label, words=said, blank=blank)
    change = attribution_maps.difference(modality.kind, array, first - second, label, words=said, blank=blank)
    figures = {
        say("with {input}", input=other): draw(first),
        say("without {input}", input=other): draw(second),
        say("the difference"): change,
    }
    small = "font-size:.8rem;opacity:.8"
    panels = "".join(
        f'<figure style="margin:0;min-width:0">{shown}<figcaption style="{small}">{escape(text)}</figcaption></figure>'
        for text, shown in figures.items()
    )
    part = attribution_maps.map_shift(second, first)

    parts = [wording.percent((found.net or found.shares)[c.key][modality.name]) for c in (fewer, more)]
    told = {"before": parts[0], "after": parts[1], "other": other}
    if np.isnan(part):
        text = say(
            "nothing to compare: one map is empty; its part goes from {before} without to {after} with {other}.", **told
        )
    else:
        text = say(
            "{share} of the map moved; its part goes from {before} without to {after} with {other}.",
            share=wording.percent(part),
            **told,
        )
    head = f"<b>{escape(label)}</b>: {escape(text)}"
    return f'<p style="margin:.6rem 0 .3rem">{head}</p><div style="{GRID}">{panels}</div>'


def as_csv(found: Attribution, info: TaskInfo, whose: Sequence[str] = ("",) * len(WHOSE)) -> bytes:
    """A row per combination and input. `part` is that of the absolute sum. whose: what `WHOSE` names."""
    rows, target = [], info.output.targets[found.target]
    for key, shares in found.shares.items():
        values = score_shapley(found, info.modalities.parse(key), info.modalities, info.output)
        for name, part in shares.items():
            heat = np.asarray(found.maps[key][name], np.float32)
            row = [target, key, found.score[key], name, part, float(heat.mean()), float(heat.max())]
            row += [found.net.get(key, {}).get(name, ""), values.get(name, ""), found.cells.get(name, "")]
            row += [*whose, info.modalities.parse(key).label, info.modalities[name].label, UNITS]
            rows.append([item if isinstance(item, str) else f"{item:.6g}" for item in row])
    header = ["explained", "combination", "score", "input", "part", "map mean", "map largest"]
    header += ["net part", "shapley value", "numbers added up", *WHOSE, "inputs", "input title", "unit"]
    return csv_file.as_csv(header, rows).encode()
