"""The content of the Lessons page: the list, the guesses so far, and the upload of a lesson."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.group_name import several
from mmlab.core.phrases import phrase, say
from mmlab.lessons import collection
from mmlab.lessons.lesson import Lesson
from mmlab.ui.components import page_frame
from mmlab.ui.pages.lessons import school
from mmlab.ui.session import lessons, url_state
from mmlab.ui.text import refusals
from mmlab.ui.text.markdown import plain

ACROSS = 2  # cards beside each other
HOW = phrase(
    "A lesson is one Markdown file: steps with an address of this app, a sentence, a question and the fact "
    "that answers it. `docs/lessons.md` says how. Upload one here to try it: it stays with you and is gone "
    "when you close the page. To offer it to everybody, put it into a folder and start the app with its "
    "path in `{variable}`."
)


def show() -> None:
    """The whole page under its title; straight to the step where the address names one."""
    if (at := lessons.running()) is not None:
        page_frame.open_page(at.step.page, {**url_state.modes(), **lessons.address(at.lesson, at.place)})
    found = lessons.there()
    wanted = url_state.get("lesson")
    if wanted in found.lessons:
        with page_frame.error_boundary():
            _finished(found.lessons[wanted], list(found.lessons.values()))
    school.show(tuple(found.lessons.values()))
    for row in _rows(list(found.lessons.values())):
        for column, lesson in zip(st.columns(ACROSS, gap="medium"), row, strict=False):
            with column, page_frame.error_boundary():
                _card(lesson, lesson.name == wanted)
    _own()
    for name, problem in found.problems.items():
        st.warning(
            say(
                "**{name}** is left out: {problem}", name=plain(name), problem=plain(refusals.message_and_hint(problem))
            )
        )


def _finished(lesson: Lesson, every: list[Lesson]) -> None:
    """After the last step: what one can say now, how the guesses went, and the lesson that comes next."""
    if set(lessons.votes(lesson)) != set(range(len(lesson.steps))):
        return
    guessed, hits = lessons.score(lesson)
    following = next(iter(every[every.index(lesson) + 1 :]), None)
    with st.container(border=True, key="mm-lesson-done"):
        st.markdown(say("**Done: {title}**", title=plain(lesson.title)))
        st.markdown(plain(lesson.learn))
        st.caption(say("{hits} of {guessed} guesses were right.", hits=hits, guessed=guessed))
        if following is not None:
            label = f"**{say('Next: {title}', title=plain(following.title))} →**"
            page_frame.page_link(following.steps[0].page, label, lessons.address(following, 0))


def _rows(every: list[Lesson]) -> list[list[Lesson]]:
    return [every[start : start + ACROSS] for start in range(0, len(every), ACROSS)]


def _card(lesson: Lesson, is_wanted: bool) -> None:
    """What a lesson is about, and where it begins. is_wanted: the address names it."""
    count = len(lesson.steps)
    with st.container(border=True, height="stretch", key=f"mm-go-lesson-{lesson.name}"):
        st.markdown(f"{'▸ ' if is_wanted else ''}**{plain(lesson.title)}**")
        st.markdown(plain(lesson.learn))
        st.caption(f"{several(lesson.minutes, 'minute')}, {several(count, 'step')}")
        _progress(lesson)
        first = lessons.address(lesson, 0)
        page_frame.page_link(lesson.steps[0].page, f"**{say('Start')} →**", first)
        if lesson.about:
            with st.expander(say("For the teacher")):
                st.markdown(plain(lesson.about))


def _progress(lesson: Lesson) -> None:
    """How it went so far, where it was begun."""
    chosen = lessons.votes(lesson)
    if not chosen:
        return
    guessed, hits = lessons.score(lesson)
    ahead = next((place for place in range(len(lesson.steps)) if place not in chosen), None)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(say("{hits} of {guessed} guesses were right.", hits=hits, guessed=guessed))
        if ahead is None:
            st.button(
                say("Forget my guesses"),
                key=f"lesson.forget.{lesson.name}",
                type="tertiary",
                on_click=partial(lessons.forget, lesson),
            )
        else:
            page_frame.page_link(
                lesson.steps[ahead].page,
                f"{say('Go on with step {place}', place=ahead + 1)} →",
                lessons.address(lesson, ahead),
            )


def _own() -> None:
    """A lesson of one's own, by upload."""
    with st.expander(say("A lesson of your own")), page_frame.error_boundary():
        st.markdown(say(HOW, variable=collection.VARIABLE))
        file = st.file_uploader(say("A lesson (.md)"), type=["md"], key="lesson.file", max_upload_size=1)
        if file is None:
            return
        try:
            lesson = lessons.bring(file.getvalue(), file.name)
        except MmlabError as error:
            page_frame.show_error(error)
            return
        st.markdown(say("**{title}** can be read, and every address in it exists.", title=plain(lesson.title)))
        page_frame.page_link(lesson.steps[0].page, say("**Try it →**"), lessons.address(lesson, 0))
