"""The heart of the Bench: the inputs with their switches, the answers, the lattice, side by side in places that never
move. One panel, so that a toggle redraws this and nothing else, from answers that are all there already."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.errors import NothingPresent
from mmlab.core.modality import Combination
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import background_task, clickable_svg, page_frame, pickers
from mmlab.ui.pages.predict import far_inputs, guess_card, inputs, view_data, views
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, guesses, hidden, lessons
from mmlab.ui.session import url_state as state
from mmlab.ui.text import happened
from mmlab.viz.predict.combination_lattice import State

NAMED = 3  # combinations that a sentence lists


@page_frame.panel
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """Inputs, answers and lattice of one sample. The answers are sent first: they are what a toggle is waited for."""
    modalities = cache.task(task_name).info.modalities
    shown = view_data.make(task_name, sample, references, pickers.current_damages(modalities))
    on = pickers.current(modalities, shown.given)
    told = st.container(key="mm-told")
    with st.container(key="mm-bench"):
        left, middle, right = st.columns([10, 10, 11], gap="small")
    below = st.container()
    to_guess = guesses.is_answer_hidden(task_name, sample)
    veil = lessons.ALL if to_guess else lessons.veil()
    with middle, page_frame.error_boundary():
        if on is None:
            raise NothingPresent(say("No input is switched on."), say("Switch at least one on to get a prediction."))
        if to_guess:
            guess_card.show(shown)
        elif veil == lessons.ALL:
            st.caption(say("The answers come when you have chosen an option of the lesson."))
        elif references:
            made = background_task.completed()
            far = far_inputs.distances(shown, references)
            with told:
                _happened(shown, on, far_inputs.sentence(shown, far, on))
            guess_card.tally(shown)
            st.html(view_data.cards(shown, on, far_inputs.warnings(shown, far, on)))
            far_inputs.progress(shown, references, far, made)
    with right, page_frame.error_boundary():
        if veil:
            st.caption("" if to_guess else say("All combinations come when you have chosen an option of the lesson."))
        elif not hidden.is_hidden("lattice"):
            _lattice(shown, on)
    with left, page_frame.error_boundary():
        inputs.show(shown, on)
    with below:
        if not veil and not hidden.is_hidden("views"):
            views.show(shown, on, references)


def terms(task: Task) -> None:
    """The button behind which the words of the Bench are explained."""
    entropy: Sequence[str] = ("entropy",) if task.info.output.class_names else ()
    pickers.numbers_help(*task.info.output.terms, *entropy, "lattice", "damage", "seen", "far")


def _happened(shown: PredictView, on: Combination, more: str) -> None:
    """The answers in one sentence, which a screen reader says when it changes. more: what is to be said beside it."""
    said = []
    for method in shown.working:
        now = next(each for each in view_data.states(shown, method) if each.key == on.key)
        said.append(happened.Said(cache.title(method), now.answer, now.share, now.good))
    if said:
        which = happened.inputs([say(each) for each in on.labels], [say(each) for each in shown.whole.labels])
        text = happened.sentence(shown.task.info.output, which, said)
        st.html(f'<p class="mm-told" role="status">{escape(" ".join(filter(None, (text, more))))}</p>')


def _lattice(shown: PredictView, on: Combination | None) -> None:
    if not shown.working:
        return
    above = st.container()
    method = view_data.lattice_method(shown)
    whole = shown.whole
    selected = "" if on is None else on.key
    clickable_svg.board(
        view_data.drawing(shown, method, selected), key=f"lattice.{shown.task.name}", on_pick=partial(_go_to, whole.key)
    )
    st.html(f'{_legend(shown)}<p class="mm-note">{_summary(view_data.states(shown, method), shown)}</p>')
    with above:
        _lattice_picker(tuple(shown.working), method)


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
