"""The heart of Predict: the inputs with their switches, the answers, the lattice. One panel, so that a toggle redraws
this and nothing else, from answers that are all there already."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from mmlab.core.errors import NothingPresent
from mmlab.core.modality import Combination, Modality
from mmlab.library import Reference
from mmlab.ui import cache, frame, picking, scene, state, takeaway, widgets, words
from mmlab.ui.scene import Scene

PALE = "opacity: 0.28; filter: grayscale(1)"


@frame.panel
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """Inputs, answers and lattice of one sample. The answers are sent first: they are what a toggle is waited for."""
    modalities = cache.task(task_name).info.modalities
    shown = scene.make(task_name, sample, references, widgets.current_damages(modalities))
    on = widgets.current(modalities, shown.given)
    inputs = st.container()
    with frame.trouble():
        if on is None:
            raise NothingPresent("No input is switched on.", "Switch at least one on to get an answer.")
        if references:
            _outcome(shown, on)
    with inputs, frame.trouble():
        st.subheader("Inputs", help=words.help("seen"), anchor=False)
        _inputs(shown, on)


def _outcome(shown: Scene, on: Combination) -> None:
    left, right = st.columns([5, 4], gap="large")
    with left, frame.trouble():
        st.subheader("What each method says", help=_help("answer", "certainty", "change"), anchor=False)
        st.html(scene.cards(shown, on))
    with right, frame.trouble():
        st.subheader("All combinations", help=words.help("lattice"), anchor=False)
        _lattice(shown, on)
    takeaway.offer(shown, on)


def _inputs(shown: Scene, on: Combination | None) -> None:
    modalities = shown.task.info.modalities
    off = [i for i, name in enumerate(modalities.names) if on is None or name not in on]
    st.html("<style>" + "".join(f".st-key-mm-input-{i} .mm-pair img {{ {PALE} }}" for i in off) + " </style>")
    for i, (column, modality) in enumerate(zip(st.columns(len(modalities), gap="medium"), modalities, strict=True)):
        with column, st.container(border=True, key=f"mm-input-{i}"), frame.trouble():
            widgets.toggle(modality, shown.given, on)
            _views(shown, modality)
            if modality.name in shown.item.raw:
                widgets.damage_picker(modality, modalities, shown.damages)


def _views(shown: Scene, modality: Modality) -> None:
    """What was recorded and what the model sees of it; why not, for an input that cannot be used."""
    name = modality.name
    if name in shown.world.problems:
        frame.say(shown.world.problems[name])
    if name not in shown.item.raw:
        st.caption("Not given: it counts as missing.")
        return
    st.html(shown.pictures[name])
    if name in shown.sounds:
        st.audio(shown.sounds[name])
    for note in shown.world.notes.get(name, ()) if shown.item.own else ():
        st.caption(frame.plain(note))


def _lattice(shown: Scene, on: Combination) -> None:
    if not shown.working:
        return
    above = st.container()
    method = scene.lattice_method(shown)
    answers, whole = shown.working[method], shown.whole
    picking.board(
        scene.drawing(shown, method, on.key), key=f"lattice.{shown.task.name}", on_pick=partial(_go_to, whole.key)
    )
    flips = [key for key, prediction in answers.items() if prediction.answer != answers[whole.key].answer]
    named = "; ".join(shown.task.info.modalities.parse(key).label for key in flips[:3])
    among = f" Among them: {escape(named)}." if named else ""
    said = f"{len(flips)} of {len(answers)} combinations give another answer than everything does.{among}"
    st.html(f'{_legend(shown.item.answer != "")}<p class="mm-note">{said}</p>')
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


def _legend(known: bool) -> str:
    good, bad = ("✓ right", "✗ wrong") if known else ("= as with everything", "≠ different")
    return (
        f'<p class="mm-legend"><span class="mm-good">{good}</span><span class="mm-bad">{bad}</span>'
        '<span class="mm-dash">taking it away changes the answer</span></p>'
    )


def _help(*terms: str) -> str:
    return "\n\n".join(words.help(name) for name in terms)
