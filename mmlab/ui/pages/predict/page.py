"""The core of the Bench: the inputs with their switches, the predictions and the lattice, side by side at fixed
positions. One panel, so that a toggle redraws only this, from predictions that are already computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmlab.core.errors import NothingPresent
from mmlab.core.modality import Combination
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import background_task, clickable_svg, page_frame, pickers
from mmlab.ui.pages.predict import far_inputs, guess_card, inputs, view_data, views
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, guesses, hidden, lessons, turns
from mmlab.ui.session import url_state as state
from mmlab.ui.text import bench_summary
from mmlab.viz.predict.combination_lattice import State

NAMED = 3  # combinations that a sentence lists


@dataclass(frozen=True)
class Places:
    """Where on the Bench what changes with a toggle stands."""

    told: DeltaGenerator
    cards: tuple[inputs.Card, ...]
    middle: DeltaGenerator
    right: DeltaGenerator


@page_frame.named_panel(view_data.PANEL)
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """Inputs, answers and lattice of one sample. The answers are sent first: they are what a toggle is waited for."""
    modalities = cache.task(task_name).info.modalities
    shown = view_data.make(task_name, sample, references, pickers.current_corruptions(modalities))
    told = st.container(key="mm-told")
    with st.container(key="mm-bench"):
        left, middle, right = st.columns([10, 10, 11], gap="small")
    with left:
        cards = inputs.cards(modalities)
    _toggled(shown, references, Places(told, cards, middle, right))
    inputs.fill(shown, cards)


@page_frame.panel
def _toggled(shown: PredictView, references: tuple[Reference, ...], places: Places) -> None:
    """All that changes with a toggle: a panel of its own, so that pictures and menus are not sent again."""
    is_look_up = not shown.item.own and views.opened(shown.task) == views.USUAL  # others may have to be computed first
    with turns.turn() if is_look_up else nullcontext():
        _drawn(shown, references, places)


def _drawn(shown: PredictView, references: tuple[Reference, ...], places: Places) -> None:
    """What is filled outside of the panel is filled each time, with nothing where there is nothing: Streamlit keeps the
    place so."""
    task_name, sample = shown.task.name, shown.item.id
    modalities = shown.task.info.modalities
    corruptions = pickers.current_corruptions(modalities, is_reported=False)
    if view_data.make(task_name, sample, references, corruptions) is not shown:
        st.rerun()  # something else than a view below set a corruption: pictures and menus change, too
    with places.told, st.container():  # a combination that does not exist is said above the inputs
        on = pickers.current(modalities, shown.given)
    to_guess = guesses.is_answer_hidden(task_name, sample)
    veil = lessons.ALL if to_guess else lessons.veil()
    _answered(shown, on, references, places, veil, to_guess)
    with places.right, page_frame.error_boundary():
        if veil:
            st.caption("" if to_guess else say("All combinations appear once you have chosen an option above."))
        elif not hidden.is_hidden("lattice"):
            _lattice(shown, on)
    inputs.switches(shown, on, places.cards)
    if not veil and not hidden.is_hidden("views"):
        views.show(shown, on, references)


def _answered(
    shown: PredictView,
    on: Combination | None,
    references: tuple[Reference, ...],
    places: Places,
    veil: str,
    to_guess: bool,
) -> None:
    """The answers, or what stands for them while they are hidden, and what happened in one sentence."""
    text = ""
    with places.middle, page_frame.error_boundary():
        if on is None:
            raise NothingPresent(say("No input is switched on."), say("Switch at least one on to get a prediction."))
        if to_guess:
            guess_card.show(shown)
        elif veil == lessons.ALL:
            st.caption(say("The answers come when you have chosen an option of the lesson."))
        elif references:
            made = background_task.completed()
            far = far_inputs.distances(shown, references)
            text = _happened(shown, on, far_inputs.sentence(shown, far, on))
            guess_card.tally(shown)
            st.html(view_data.cards(shown, on, far_inputs.warnings(shown, far, on)))
            far_inputs.progress(shown, references, far, made)
    with places.told:
        _tell(text)


def terms(task: Task) -> None:
    """The button behind which the words of the Bench are explained."""
    entropy: Sequence[str] = ("entropy",) if task.info.output.class_names else ()
    pickers.numbers_help(*task.info.output.terms, *entropy, "lattice", "corruption", "seen", "far")


def _happened(shown: PredictView, on: Combination, more: str) -> str:
    """The answers in one sentence; empty without answers. more: what is to be said beside it."""
    said = []
    for method in shown.working:
        now = next(each for each in view_data.states(shown, method) if each.key == on.key)
        said.append(bench_summary.ModelPrediction(cache.title(method), now.answer, now.share, now.good))
    if not said:
        return ""
    which = bench_summary.inputs([say(each) for each in on.labels], [say(each) for each in shown.whole.labels])
    return " ".join(filter(None, (bench_summary.sentence(shown.task.info.output, which, said), more)))


def _tell(text: str) -> None:
    """The sentence, which a screen reader says when it changes."""
    if text:
        st.html(f'<p class="mm-told" role="status">{escape(text)}</p>')
    else:
        st.empty()


def _lattice(shown: PredictView, on: Combination | None) -> None:
    if not shown.working:
        return
    method = view_data.lattice_method(shown)
    _lattice_picker(tuple(shown.working), method)
    whole = shown.whole
    selected = "" if on is None else on.key
    clickable_svg.board(
        view_data.drawing(shown, method, selected), key=f"lattice.{shown.task.name}", on_pick=partial(_go_to, whole.key)
    )
    st.html(f'{_legend(shown)}<p class="mm-note">{_summary(view_data.states(shown, method), shown)}</p>')


def _lattice_picker(working: tuple[str, ...], method: str) -> None:
    """Which model the combinations are of; their help stands beside it."""
    st.selectbox(
        say("Combinations of"),
        working,
        format_func=lambda name: say("All combinations: {model}", model=cache.title(name)),
        key=state.follow("lattice.method", method),
        label_visibility="collapsed",
        on_change=lambda: state.put(lattice=st.session_state["lattice.method"]),
    )


def _go_to(whole: str, key: str) -> None:
    state.put(on=None if key == whole else key)


def _summary(states: Sequence[State], shown: PredictView) -> str:
    """How many combinations answer otherwise than everything does, and some of them."""
    others, modalities = [state for state in states if not state.same], shown.task.info.modalities
    counted = "{count} of {total} combinations " + f"{shown.task.info.output.changed}."
    told = say(counted, count=len(others), total=len(states))
    if not others:
        return escape(told)
    keys = "; ".join(" + ".join(map(say, modalities.parse(state.key).labels)) for state in others[:NAMED])
    if len(others) <= NAMED:
        return escape(say("{sentence}: {inputs}.", sentence=told.rstrip(".。"), inputs=keys))
    return escape(f"{told} {say('Among them: {inputs}.', inputs=keys)}")


def _legend(shown: PredictView) -> str:
    good, bad, change = map(say, shown.task.info.output.verdicts(known=shown.item.answer != ""))
    return (
        f'<p class="mm-legend"><span class="mm-good">{good}</span><span class="mm-bad">{bad}</span>'
        f'<span class="mm-dash">{change}</span></p>'
    )
