"""In place of the predictions of the Bench while they are to be guessed: the options with their votes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.outputs import Output
from mmlab.core.phrases import say
from mmlab.lessons.classroom import Question
from mmlab.ui.components import class_votes
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, classes, guesses, url_state
from mmlab.ui.text.markdown import plain

MOST_CLASSES = 12  # more are not offered one by one


def show(shown: PredictView) -> None:
    """The question, a button for each option that counts a vote, and the button that ends it."""
    task, sample = shown.task.name, shown.item.id
    options, question = _options(shown)
    votes = guesses.counts(task, sample)
    with st.container(border=True, key="mm-guess"):
        st.markdown(f"**{plain(question)}**")
        if classes.led() is not None:
            class_votes.code()
            class_votes.live(_put(shown, question, options), partial(_end_vote, task, sample))
            return
        with st.container(horizontal=True, gap="small", key="mm-votes"):
            for number, (option, text) in enumerate(options.items()):
                count = f" · **{votes[option]}**" if option in votes else ""
                st.button(
                    f"{plain(text)}{count}",
                    key=f"guess.{number}",
                    on_click=partial(guesses.add, task, sample, option),
                )
        total = sum(votes.values())
        st.caption(say("Votes so far: {total}. Every click on an answer counts as one vote.", total=total))
        if st.button(say("Show the answers"), key="guess.show", type="primary", disabled=not total):
            guesses.show(task, sample)
            st.rerun()


def tally(shown: PredictView) -> None:
    """What was guessed, above the answers; nothing where nobody guessed."""
    room = classes.led()
    if guesses.is_on() and room is not None and (ballot := room.ballot()) is not None and ballot.is_over:
        st.html(f'{class_votes.bars(ballot)}<p class="mm-note">{escape(class_votes.result_in_words(ballot))}</p>')
        return
    votes = guesses.counts(shown.task.name, shown.item.id)
    if guesses.is_on() and votes:
        words = _options(shown)[0]
        most_first = sorted(votes.items(), key=lambda item: -item[1])
        said = (
            say("{count} for {option}", count=count, option=plain(words.get(option, option)))
            for option, count in most_first
        )
        st.caption(say("Votes: {said}", said=", ".join(said)))


def _options(shown: PredictView) -> tuple[Mapping[str, str], str]:
    """What can be guessed, and the question."""
    output: Output = shown.task.info.output
    if 0 < len(output.class_names) <= MOST_CLASSES:
        return {name: say(name) for name in output.class_names}, say("Which answer will the models give?")
    if 0 < len(output.label_names) <= MOST_CLASSES:
        return {name: say(name) for name in output.label_names}, say("Which label is the surest one for the models?")
    first = next(iter(shown.answers), "")
    outcomes = {"right": say("Right"), "wrong": say("Wrong")}
    named = say("Will {model} be right?", model=cache.title(first)) if first else say("Will the models be right?")
    return outcomes, named


def _put(shown: PredictView, question: str, options: Mapping[str, str]) -> Question:
    """What is guessed as a question to the class."""
    view = {name: value for name, value in url_state.everything().items() if name not in url_state.MODES}
    key = ".".join((shown.task.name, shown.item.id, view.get("on", ""), view.get("damage", "")))
    return Question(key, question, options, say("Guess first"), "", "predict", view)


def _end_vote(task: str, sample: str, most_chosen: str) -> None:
    """Show the class the answers. For callbacks."""
    if (room := classes.led()) is not None:
        room.reveal()
    guesses.show(task, sample)
