"""Where each model looks, for the sample on the Bench: a map per active input, and the contributions for every
combination. The full view is on Explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.modality import Combination
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.results import Attribution
from mmlab.ui.components import clickable_svg, explainer_picker, map_check, page_frame, pickers, sample_view
from mmlab.ui.components.sample_view import SampleView
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.explain import attribution_maps


def show(shown: PredictView, on: Combination, references: Sequence[Reference]) -> None:
    """A column per model that has answers."""
    looked = SampleView(shown.task, shown.item, shown.world, shown.corruptions, on)
    working = [each for each in references if each.method in shown.working]
    with st.container(horizontal=True, vertical_alignment="center", key="mm-looks-head"):
        way = explainer_picker.choose(shown.task)
        st.html(attribution_maps.legend(), width="content")
    for column, reference in zip(st.columns(len(working), gap="medium"), working, strict=True):
        with column, page_frame.error_boundary():
            _model(shown, looked, reference, way)
    rows = say("Each row of the bars is one combination. Click a row to go there.")
    st.caption(f"{explainer_picker.about(way)} {rows}")


def _model(shown: PredictView, looked: SampleView, reference: Reference, way: str) -> None:
    assert looked.on is not None
    output, now = shown.task.info.output, shown.working[reference.method][looked.on.key]
    target = output.target_of(now.value)
    title, answer = plain(cache.title(reference.method)), plain(say(output.targets[target]))
    st.markdown(say("**{model}**: what speaks for {answer}", model=title, answer=answer), help=wording.help("looks"))
    found = explainer_picker.maps(reference, looked, target, way)
    st.html(f'<div class="mm-looks">{"".join(_map(shown, looked.on, name, found) for name in looked.on.names)}</div>')
    map_check.badge(reference, looked, target, way, found, key=reference.method)
    modalities = shown.task.info.modalities
    bars = attribution_maps.share_bars(
        found.net or found.shares,
        pickers.letters(modalities),
        pickers.labels(modalities),
        pickers.colours(modalities),
        looked.on.key,
    )
    clickable_svg.board(bars, key=f"looks.{reference.method}", on_pick=partial(sample_view.go_to, shown.given))


def _map(shown: PredictView, on: Combination, name: str, found: Attribution) -> str:
    """The map of one input with its part in words."""
    modality, array = shown.task.info.modalities[name], shown.world.arrays[name]
    axes = attribution_maps.scales(modality.kind, modality.shape, shown.world.raw[name])
    heat, part = found.maps[on.key][name], (found.net or found.shares)[on.key][name]
    label = say(modality.label)
    said, blank = shown.world.words[name], shown.world.blank(name)
    drawn = attribution_maps.overlay(modality.kind, array, heat, label, axes, said, blank)
    text = say("{input}: {part} comes through it", input=label, part=wording.percent(part))
    if not heat.any():
        text += f"; {say('no place of it speaks for this')}"
    return f"<figure>{drawn}<figcaption>{escape(text)}</figcaption></figure>"
