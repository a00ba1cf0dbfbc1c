"""The heart of Predict: the inputs with their switches, the answers, the lattice. One panel, so that a toggle redraws
this and nothing else, from answers that are all there already."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.errors import NothingPresent
from mmlab.core.modality import Combination, Modality
from mmlab.core.reference import Reference
from mmlab.ui.components import clickable_svg, page_frame, pickers
from mmlab.ui.pages.predict import downloads, view_data, volume_slices
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache
from mmlab.ui.session import url_state as state
from mmlab.ui.text import wording
from mmlab.viz.predict.combination_lattice import State

PALE = "opacity: 0.28; filter: grayscale(1)"


@page_frame.panel
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """Inputs, answers and lattice of one sample. The answers are sent first: they are what a toggle is waited for."""
    modalities = cache.task(task_name).info.modalities
    shown = view_data.make(task_name, sample, references, pickers.current_damages(modalities))
    on = pickers.current(modalities, shown.given)
    inputs = st.container()
    with page_frame.error_boundary():
        if on is None:
            raise NothingPresent("No input is switched on.", "Switch at least one on to get a prediction.")
        if references:
            _outcome(shown, on, references)
    with inputs, page_frame.error_boundary():
        st.subheader("Inputs", help=wording.help("seen"), anchor=False)
        _inputs(shown, on)


def _outcome(shown: PredictView, on: Combination, references: Sequence[Reference]) -> None:
    left, right = st.columns([5, 4], gap="large")
    with left, page_frame.error_boundary():
        st.subheader("Predictions", help=_help(*shown.task.info.output.terms), anchor=False)
        st.html(view_data.cards(shown, on))
    with right, page_frame.error_boundary():
        st.subheader("All combinations", help=wording.help("lattice"), anchor=False)
        _lattice(shown, on)
    if len(shown.item.stack) > 1 and shown.working:
        method = view_data.lattice_method(shown)
        volume_slices.show(next(each for each in references if each.method == method), shown.item.id, on.key)
    downloads.offer(shown, on)


def _inputs(shown: PredictView, on: Combination | None) -> None:
    modalities = shown.task.info.modalities
    off = [i for i, name in enumerate(modalities.names) if on is None or name not in on]
    st.html("<style>" + "".join(f".st-key-mm-input-{i} .mm-pair img {{ {PALE} }}" for i in off) + " </style>")
    for i, (column, modality) in enumerate(zip(st.columns(len(modalities), gap="medium"), modalities, strict=True)):
        with column, st.container(border=True, key=f"mm-input-{i}"), page_frame.error_boundary():
            pickers.toggle(modality, shown.given, on)
            _views(shown, modality)
            if modality.name in shown.item.raw:
                pickers.damage_picker(shown.task, modality, shown.damages)


def _views(shown: PredictView, modality: Modality) -> None:
    """What was recorded and what the model sees of it; why not, for an input that cannot be used."""
    name = modality.name
    if name in shown.world.problems:
        page_frame.show_error(shown.world.problems[name])
    if name not in shown.item.raw:
        st.caption("Not given: it counts as missing.")
        return
    st.html(shown.pictures[name])
    if name in shown.sounds:
        st.audio(shown.sounds[name], format="audio/wav")
    for note in shown.world.notes.get(name, ()) if shown.item.own else ():
        st.caption(page_frame.plain(note))


def _lattice(shown: PredictView, on: Combination) -> None:
    if not shown.working:
        return
    above = st.container()
    method = view_data.lattice_method(shown)
    whole = shown.whole
    clickable_svg.board(
        view_data.drawing(shown, method, on.key), key=f"lattice.{shown.task.name}", on_pick=partial(_go_to, whole.key)
    )
    st.html(f'{_legend(shown)}<p class="mm-note">{_summary(view_data.states(shown, method), shown)}</p>')
    with above:
        _lattice_picker(tuple(shown.working), method)


def _lattice_picker(working: tuple[str, ...], method: str) -> None:
    if len(working) > 1:
        st.selectbox(
            "Method of the combinations",
            working,
            format_func=cache.title,
            key=state.follow("lattice.method", method),
            label_visibility="collapsed",
            on_change=lambda: state.put(lattice=st.session_state["lattice.method"]),
        )


def _go_to(whole: str, key: str) -> None:
    state.put(on=None if key == whole else key)


def _summary(states: Sequence[State], shown: PredictView) -> str:
    """How many combinations answer otherwise than everything does, and some of them."""
    others = [state for state in states if not state.same]
    named = "; ".join(shown.task.info.modalities.parse(state.key).label for state in others[:3])
    among = f" Among them: {escape(named)}." if named else ""
    return f"{len(others)} of {len(states)} combinations {shown.task.info.output.changed}.{among}"


def _legend(shown: PredictView) -> str:
    good, bad, change = shown.task.info.output.verdicts(known=shown.item.answer != "")
    return (
        f'<p class="mm-legend"><span class="mm-good">{good}</span><span class="mm-bad">{bad}</span>'
        f'<span class="mm-dash">{change}</span></p>'
    )


def _help(*terms: str) -> str:
    return "\n\n".join(wording.help(name) for name in terms)
