"""The lessons as sheets to print: their content, and the button that saves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from mmlab.core.phrases import say
from mmlab.lessons.lesson import Lesson
from mmlab.lessons.lesson_file import filled, places
from mmlab.ui.components import qr_code
from mmlab.ui.session import lessons, shared_address, url_state
from mmlab.ui.text import language
from mmlab.viz.lessons.sheet import Sheet, SheetStep, Words, document


def download(every: Sequence[Lesson]) -> None:
    """The choice of lessons, and the file with a page for each."""
    titles = {lesson.name: lesson for lesson in every}
    chosen = st.multiselect(
        say("Lessons"),
        list(titles),
        format_func=lambda name: titles[name].title,
        key="sheet.lessons",
        placeholder=say("All lessons"),
    )
    st.caption(
        say(
            "One page for each: its steps and questions without the answers, and a QR code that opens each step. "
            "Numbers in the sentences are computed when you save it, which can take a minute."
        )
    )
    if found := shared_address.found({}).remark:
        st.caption(found)
    modes = {name: value for name, value in url_state.modes().items() if name == "lang"}
    wanted = [titles[name] for name in chosen] or list(every)
    st.download_button(
        say("Save the sheets (HTML)"),
        data=partial(make, wanted, str(st.context.url or ""), words(), modes),
        file_name="mmlab-lessons.html",
        mime="text/html",
        on_click="ignore",
        key="sheet.save",
    )


def words() -> Words:
    """What stands on every page, in the language of the one who asks."""
    foot = say("A code opens its step on a phone in the same network as this app.")
    return Words(language.current(), say("Lessons"), say("Name"), foot)


def make(every: Sequence[Lesson], here: str, said: Words, modes: Mapping[str, str]) -> str:
    """The file, outside of any page. here: the address of the app as the visitor sees it; modes: fields for every step.

    Raises MmlabError for a number that cannot be computed.
    """
    sheets = [Sheet(lesson.title, lesson.learn, tuple(_steps(lesson, modes, here))) for lesson in every]
    return document(sheets, said)


def _steps(lesson: Lesson, modes: Mapping[str, str], here: str) -> list[SheetStep]:
    found = []
    for place, step in enumerate(lesson.steps):
        view = {**lessons.address(lesson, place), **modes}
        address = shared_address.found(view, step.page, here).address
        numbers = {
            name: lessons.text_of(step.numbers[name])
            for text in (step.say, step.question, *step.options.values())
            for name in places(text)
        }
        options = tuple(filled(text, numbers) for text in step.options.values())
        found.append(
            SheetStep(
                filled(step.say, numbers), filled(step.question, numbers), options, address, qr_code.source(address)
            )
        )
    return found
