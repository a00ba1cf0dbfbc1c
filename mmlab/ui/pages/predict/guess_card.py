"""Where the answers of the Bench would be while they are to be guessed: the options with their votes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from mmlab.core.outputs import Output
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, guesses
from mmlab.ui.text.markdown import plain

MOST_CLASSES = 12  # more are not offered one by one
OUTCOMES = ("Right", "Wrong")


def show(shown: PredictView) -> None:
    """The question, a button for each option that counts a vote, and the button that ends it."""
    task, sample = shown.task.name, shown.item.id
    options, question = _options(shown)
    votes = guesses.counts(task, sample)
    with st.container(border=True, key="mm-guess"):
        st.markdown(f"**{plain(question)}**")
        with st.container(horizontal=True, gap="small", key="mm-votes"):
            for number, option in enumerate(options):
                count = f" · **{votes[option]}**" if option in votes else ""
                st.button(
                    f"{plain(option)}{count}",
                    key=f"guess.{number}",
                    on_click=partial(guesses.add, task, sample, option),
                )
        total = sum(votes.values())
        st.caption(f"{total} guess{'es' * (total != 1)}. Every click is one more.")
        if st.button("Show the answers", key="guess.show", type="primary", disabled=not total):
            guesses.show(task, sample)
            st.rerun()


def tally(shown: PredictView) -> None:
    """What was guessed, above the answers; nothing where nobody guessed."""
    votes = guesses.counts(shown.task.name, shown.item.id)
    if guesses.is_on() and votes:
        said = ", ".join(f"{plain(option)} × {count}" for option, count in sorted(votes.items(), key=lambda i: -i[1]))
        st.caption(f"Guessed: {said}")


def _options(shown: PredictView) -> tuple[Sequence[str], str]:
    """What can be guessed, and the question."""
    output: Output = shown.task.info.output
    if 0 < len(output.class_names) <= MOST_CLASSES:
        return output.class_names, "Which answer will the models give?"
    first = next(iter(shown.answers), "")
    return OUTCOMES, f"Will {cache.title(first)} be right?" if first else "Will the models be right?"
