"""Faithfulness: an attribution map, its deletion and insertion curves, and a verdict, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st
import torch

from mmlab.analysis.attribution.faithfulness import Check, Curve, Faithfulness, faithfulness
from mmlab.analysis.attribution.registry import find
from mmlab.analysis.attribution.sanity_checks import RandomLabelModel
from mmlab.core.errors import DataError, MmlabError, NothingPresent
from mmlab.core.modality import Combination
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.results import Attribution
from mmlab.core.task import Task
from mmlab.ui.components import explainer_picker, map_check, page_frame, pickers, sample_view
from mmlab.ui.components.background_task import ProgressCallback, run_cached
from mmlab.ui.components.sample_view import SampleView
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import language, wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.dominance import curves
from mmlab.viz.explain import attribution_maps

MARKS = {True: phrase("✓ holds"), False: phrase("✗ fails"), None: phrase("– cannot be tested here")}
COUNTED = {phrase("holds"): True, phrase("fails"): False, phrase("cannot be tested"): None}
COLOURS = {"green": phrase("green"), "amber": phrase("amber"), "red": phrase("red")}
MANY = 12


def show(task: Task, reference: Reference) -> None:
    """One sample: maps, curves, checks; and on request how many of several samples stand each test."""
    looked, way = _controls(task)
    if looked.on is None:
        raise NothingPresent(say("No input is switched on."), say("Switch at least one on to see its attribution map."))
    target = _target(looked, reference)
    found = explainer_picker.maps(reference, looked, target, way)
    rote = result_cache.random_label_model(reference) if _strict() else None
    tested = map_check.checked(reference, looked, target, way, found, rote)
    light = map_check.LIGHTS[tested.light]
    of = say(
        "{way} for “{answer}”, {inputs}.",
        way=say(find(way).title),
        answer=say(task.info.output.targets[target]),
        inputs=looked.on.label,
    )
    st.html(
        f'<p class="mm-light"><span style="--c:{light.colour}" aria-hidden="true">{light.mark}</span>'
        f'<span style="all:unset"><b>{escape(say(light.sentence))}.</b>{escape(of)}</span></p>'
    )
    st.html(_checks(tested.checks))
    if len(looked.on) > 1 and all(check.passed is None for check in tested.checks[:2]):
        st.info(
            say(
                "The inputs hold the answer for each other, so covering one shows nothing. Choose a single input above."
            )
        )
    _columns(looked, looked.on, found, tested)
    st.html(attribution_maps.legend())
    _many(task, reference, looked.on, way, rote)


def _controls(task: Task) -> tuple[SampleView, str]:
    gallery = task.gallery()
    sample = url_state.get("sample") or (gallery[0] if gallery else "")
    if not sample:
        raise DataError(say("This task ships no samples."), say("Upload one on the Bench."))
    modalities = task.info.modalities
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-maps-by"):
        options = list(gallery) if sample in gallery else [sample, *gallery]
        st.selectbox(
            say("Sample"),
            options,
            key=url_state.follow("dominance.sample", sample),
            width=200,
            on_change=lambda: url_state.put(sample=st.session_state["dominance.sample"]),
        )
        looked = sample_view.current_view(task.name, sample)
        keys = [c.key for c in modalities.subsets() if set(c.names) <= set(looked.given)]
        if keys and looked.on is not None:
            st.selectbox(
                say("Inputs that are on"),
                keys,
                format_func=lambda key: modalities.parse(key).label,
                key=url_state.follow("dominance.on", looked.on.key),
                width=260,
                on_change=lambda: sample_view.go_to(looked.given, st.session_state["dominance.on"]),
            )
        way = explainer_picker.choose(task)
    return looked, way


def _strict() -> bool:
    return st.toggle(
        say("Also test against shuffled labels"),
        key="dominance.rote",
        help=say(
            "Trains a fresh network of the same architecture on shuffled labels, which takes some seconds, "
            "and compares its map with this one (Adebayo et al., NeurIPS 2018)."
        ),
    )


def _target(looked: SampleView, reference: Reference) -> int:
    """The answer that is given now; the first region where regions are found."""
    assert looked.on is not None
    answer = cache.answers(reference, looked.item.id, looked.corruptions)[looked.on.key]
    return looked.task.info.output.target_of(answer.value)


def _checks(checks: Sequence[Check]) -> str:
    cards = "".join(
        f'<div class="mm-check"><b>{escape(say(check.title))}</b>{say(MARKS[check.passed])}: {escape(check.value)}'
        f"<small>{escape(check.about)}</small></div>"
        for check in checks
    )
    return f'<div class="mm-checks">{cards}</div>'


def _columns(looked: SampleView, on: Combination, found: Attribution, tested: Faithfulness) -> None:
    shades = pickers.colours(looked.task.info.modalities)
    for column, name in zip(st.columns(len(on), gap="medium"), on.names, strict=True):
        modality = looked.task.info.modalities[name]
        with column, st.container(border=True, key=f"mm-tested-{name}"), page_frame.error_boundary():
            effect = wording.percent(tested.effect[name])
            label = say(modality.label)
            told = say("net effect {share}", share=effect) if found.net else say("part {share}", share=effect)
            st.markdown(f"**{plain(modality.letter)} · {plain(label)}**: {told}")
            heat = found.maps[on.key][name]
            world = looked.world
            st.html(attribution_maps.overlay(modality.kind, world.arrays[name], heat, label, words=world.words[name]))
            covered, uncovered = say("share of the places covered"), say("share of the places uncovered")
            _curve(say("Covering, brightest first"), tested.deletion[name], shades[name], covered, f"deletion.{name}")
            title = say("Uncovering, brightest first")
            _curve(title, tested.insertion[name], shades[name], uncovered, f"insertion.{name}")


def _curve(title: str, curve: Curve, colour: str, across: str, key: str) -> None:
    note = "" if curve.tested else (" " + say("(hardly moves: not counted)"))
    st.caption(f"{title}{note}", help=wording.help("believed"))
    figure = curves.covering(curve.ordered, curve.random, colour, across)
    st.plotly_chart(figure, config=theme.CONFIG, key=f"dominance.{key}")


def _many(task: Task, reference: Reference, on: Combination, way: str, rote: RandomLabelModel | None) -> None:
    """The same tests on several shipped samples: a single one says little."""
    names = task.gallery()[:MANY]
    if not names or not st.toggle(
        say("Test {count} samples, not just this one", count=len(names)), key="dominance.many"
    ):
        return

    def make(tell: ProgressCallback) -> list[Faithfulness]:
        results = []
        for number, name in enumerate(names):
            world = cache.model_inputs(task.name, name)
            if not set(on.names) <= set(world.arrays):
                continue
            tensors = {each: torch.from_numpy(array) for each, array in world.arrays.items()}
            answer = cache.answers(reference, name)[on.key].value
            target = task.info.output.class_of(answer)
            with cache.pool().lend(reference) as model:
                found = find(way).run(model.method, tensors, [on], target)
                results.append(faithfulness(model.method, tensors, on, found, find(way), rote=rote))
            tell((number + 1) / len(names))
        return results

    key = ("many", reference, on.key, way, rote is not None, language.current())
    results = run_cached(key, say("Testing {count} samples", count=len(names)), make)
    if not results:
        raise MmlabError(say("None of these samples has all of these inputs."), say("Switch fewer on."))
    rows = []
    for place, check in enumerate(results[0].checks):
        outcomes = [each.checks[place].passed for each in results]
        counts = {say(text): outcomes.count(value) for text, value in COUNTED.items()}
        rows.append({say("Test"): say(check.title), **counts})
    st.dataframe(rows, hide_index=True)
    lights = [each.light for each in results]
    counted = ", ".join(f"{lights.count(name)} {say(COLOURS[name])}" for name in map_check.LIGHTS)
    st.caption(say("{counts}, of {count} samples.", counts=counted, count=len(results)))
