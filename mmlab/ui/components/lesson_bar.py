"""The card of a running lesson, above the page that its step shows: a text, a question, the answer after the guess, and
the way to the previous and next step.

The page below is the real one: what a step shows can be tried out, and set again as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape

import streamlit as st

from mmlab.analysis.robustness.notable_samples import SURE
from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.lessons.classroom import Question
from mmlab.lessons.lesson import Ask
from mmlab.lessons.lesson_file import filled, places
from mmlab.ui.components import class_votes, modes
from mmlab.ui.session import classes, lessons, url_state
from mmlab.ui.session.lessons import Running
from mmlab.ui.session.page_registry import Page
from mmlab.ui.text.markdown import plain

HOME = "lessons"  # the page with the list
Open = Callable[[str, Mapping[str, str]], None]


def show(page: Page, open_page: Open) -> bool:
    """The card, where the address names a step; whether the page must not be drawn before the question is answered.

    page: the one that is shown; open_page: goes to a page with a view.
    """
    at = lessons.running()
    if at is None or page.name == HOME:
        return False
    with st.container(border=True, key="mm-lesson", gap="small"):
        _head(at, page.name, open_page)
        said = _sentence(at, at.step.say)
        st.html(f'<p class="mm-say">{escape(said)}</p><p class="mm-question">{escape(at.step.question)}</p>')
        if classes.led() is None:
            _options(at)
        else:
            class_votes.live(_put(at), partial(_end_vote, at))
        if at.vote:
            _reveal(at)
    return lessons.veil() == lessons.ALL and page.name == at.step.page and not page.hides


def go(at: Running, place: int, page: str, open_page: Open) -> None:
    """Open another step of the lesson, or the list after the last one."""
    if not 0 <= place < len(at.lesson.steps):
        open_page(HOME, {"lesson": at.lesson.name})
        return
    view = lessons.address(at.lesson, place)
    if at.lesson.steps[place].page != page:
        open_page(at.lesson.steps[place].page, {**url_state.modes(), **view})
        return
    url_state.begin(**view)
    st.rerun()


def _head(at: Running, page: str, open_page: Open) -> None:
    """Where one is in the lesson, and the buttons that move."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-lesson-head"):
        st.markdown(f"**{plain(at.lesson.title)}** · {_step(at)}", width="stretch")
        class_votes.code()
        if st.button("↺", key="lesson.again", type="tertiary", help=say("Set the view as this step began")):
            go(at, at.place, page, open_page)
        left, right = ("Left", "Right") if modes.is_presented() else (None, None)  # else they move sliders and tabs
        back, ahead = say("Back"), say("Next")
        if not left:  # else a key is drawn behind the word
            back, ahead = f"← {back}", f"{ahead} →"
        if st.button(back, key="lesson.back", disabled=at.place == 0, shortcut=left):
            go(at, at.place - 1, page, open_page)
        label = say("Finish") if at.is_last else ahead
        if st.button(label, key="lesson.next", type="primary" if at.vote else "secondary", shortcut=right):
            go(at, at.place + 1, page, open_page)
        if st.button("✕", key="lesson.leave", type="tertiary", help=say("Leave the lesson and stay on this page")):
            url_state.put(lesson=None, step=None)
            st.rerun()


def _options(at: Running) -> None:
    """The options as buttons, and what "sure" means; once one was chosen, which it was and which is right."""
    right = lessons.right(at) if at.vote else ""
    with st.container(horizontal=True, gap="small", key="mm-options"):
        for number, (option, text) in enumerate(at.step.options.items()):
            mark = "✓ " if right and option == right else "✗ " if option == at.vote else ""
            st.button(
                f"{mark}{plain(_sentence(at, text))}",
                key=f"lesson.option.{number}",
                disabled=bool(at.vote),
                type="primary" if right and option == right else "secondary",
                on_click=partial(lessons.vote, at, option),
            )
    if any(option.endswith("-sure") for option in at.step.options):
        st.caption(
            say(
                "Sure: with a probability of {share} or more, as “fairly sure” and “very sure” below.",
                share=percent(SURE),
            )
        )


def _step(at: Running) -> str:
    return say("step {place} of {steps}", place=at.place + 1, steps=len(at.lesson.steps))


def _put(at: Running) -> Question:
    """The step as a question to the class; the view is the one that its answer leads to."""
    return Question(
        key=f"{at.lesson.name}.{at.place}",
        text=_sentence(at, at.step.question),
        options={option: _sentence(at, text) for option, text in at.step.options.items()},
        title=f"{at.lesson.title} · {_step(at)}",
        say=_sentence(at, at.step.say),
        page=at.step.page,
        view={**at.step.view, **at.step.then},
    )


def _end_vote(at: Running, most_chosen: str) -> None:
    """Show the class what is right. For callbacks."""
    right = lessons.right(at)
    if (room := classes.led()) is not None:
        room.reveal(right)
    lessons.vote(at, most_chosen or right)


def _reveal(at: Running) -> None:
    """Whether the guess was right, and what is so."""
    is_right = lessons.right(at) == at.vote
    word, kind = (say("✓ Right."), "mm-good-guess") if is_right else (say("✗ Not so."), "mm-bad-guess")
    if classes.led() is not None:
        word = ""  # the votes of the class stand above
    said = escape(_sentence(at, at.step.reveal))
    st.html(f'<p class="mm-reveal {kind}" role="status"><b>{word}</b> {said}</p>')


def _sentence(at: Running, text: str) -> str:
    """A text of the step with its numbers."""
    asked: Mapping[str, Ask] = at.step.numbers
    return filled(text, {name: lessons.text_of(asked[name]) for name in places(text)})
