"""The running lesson: stored in the address (`lesson`, `step`); guesses stay in the session.

>>> running = lessons.running()             # None where the address names no step
>>> lessons.vote(running, "wrong-sure")     # for callbacks
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from mmlab.core.errors import DataError, MmlabError, UnknownName
from mmlab.core.phrases import say
from mmlab.lessons import collection, lesson_file
from mmlab.lessons.collection import LessonCollection
from mmlab.lessons.lesson import Ask, Lesson, Step
from mmlab.ui.session import url_state
from mmlab.ui.session.page_registry import PAGES
from mmlab.ui.text import language

VOTES, BROUGHT = "mmlab.lesson.votes", "mmlab.lesson.files"  # session: options by lesson and step; lessons by name
MOST_BROUGHT = 8
COUNTED = re.compile(r"(\d+) of (\d+)")  # what a fact says of counts
ALL, REST = "all", "rest"  # what is hidden: every answer, or those of other views than the one that is shown


@dataclass(frozen=True)
class Running:
    """A lesson and which of its steps is shown, from 0."""

    lesson: Lesson
    place: int

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.lesson.steps[self.place]

    @property
    def is_last(self) -> bool:
        """Whether no step comes after it."""
        return self.place + 1 == len(self.lesson.steps)

    @property
    def vote(self) -> str:
        """The option that was chosen here; empty before that."""
        return votes(self.lesson).get(self.place, "")


def there() -> LessonCollection:
    """All lessons that can be opened: those of the collection, and those that this visitor uploaded."""
    found = collection.all_lessons()
    lessons, problems = {}, dict(found.problems)
    for name, lesson in found.lessons.items():
        try:
            check(lesson)
            lessons[name] = collection.in_language(lesson, language.current())
        except DataError as error:
            problems[name] = error
    return LessonCollection({**brought(), **lessons}, problems)


def running() -> Running | None:
    """The step of the address; None where it names none. Raises UnknownName for one that does not exist."""
    name, step = url_state.get("lesson"), url_state.get("step")
    if not name or not step:
        return None
    lesson = find(name)
    if not step.isdecimal() or not 1 <= int(step) <= len(lesson.steps):
        raise UnknownName(
            say("This lesson has no step {step}.", step=step[:20]), say("It has {count}.", count=len(lesson.steps))
        )
    return Running(lesson, int(step) - 1)


def find(name: str) -> Lesson:
    """A lesson by its name. Raises UnknownName, or DataError for one whose file is faulty."""
    found = there()
    if name in found.lessons:
        return found.lessons[name]
    raise UnknownName(
        say("There is no lesson '{name}' here.", name=name[:60]),
        say("One that somebody uploaded is not part of a link: upload its file on the page Lessons."),
    )


def address(lesson: Lesson, place: int) -> dict[str, str]:
    """The fields of the address of a step, from 0."""
    return {**lesson.steps[place].view, "lesson": lesson.name, "step": str(place + 1)}


def check(lesson: Lesson) -> None:
    """Raises DataError for a step whose address the app does not know."""
    for number, step in enumerate(lesson.steps, 1):
        if step.page not in PAGES or step.page == "lessons":
            raise DataError(
                say("Step {number} is on the page '{page}', which does not exist.", number=number, page=step.page),
                lesson_file.HINT,
            )
        known = (*url_state.SHARED, *PAGES[step.page].fields)
        for name in (*step.view, *step.then):
            if name not in known or name in url_state.MODES:
                raise DataError(
                    say(
                        "Step {number}: the page '{page}' keeps no '{name}' in its address.",
                        number=number,
                        page=step.page,
                        name=name,
                    ),
                    lesson_file.HINT,
                )


def bring(content: bytes, file_name: str) -> Lesson:
    """Keep an uploaded lesson in the session. Raises DataError."""
    name = file_name.rpartition("/")[2].removesuffix(".md").lower().replace(" ", "-").replace("_", "-")
    lesson = lesson_file.read(content, name)
    check(lesson)
    if lesson.name in collection.all_lessons().lessons:
        raise DataError(say("There is a lesson named '{name}' already.", name=lesson.name), say("Rename the file."))
    kept: dict[str, Lesson] = st.session_state.setdefault(BROUGHT, {})
    kept.pop(lesson.name, None)
    kept[lesson.name] = lesson
    while len(kept) > MOST_BROUGHT:
        kept.pop(next(iter(kept)))
    return lesson


def brought() -> Mapping[str, Lesson]:
    """The lessons that this visitor uploaded."""
    found: dict[str, Lesson] = st.session_state.get(BROUGHT, {})
    return found


def veil() -> str:
    """What the page of a step hides until the question was answered: `ALL` or `REST`, empty for nothing.

    A step that changes something when it is revealed asks what comes then: what is there now may be seen.
    """
    try:
        at = running()
    except MmlabError:  # said by the card of the lesson
        return ""
    if at is None or at.vote:
        return ""
    return REST if at.step.then else ALL


def votes(lesson: Lesson) -> Mapping[int, str]:
    """The chosen options so far, by step."""
    every: dict[str, dict[int, str]] = st.session_state.get(VOTES, {})
    return every.get(lesson.name, {})


def vote(at: Running, option: str) -> None:
    """Choose an option and reveal the view. For callbacks."""
    every: dict[str, dict[int, str]] = st.session_state.setdefault(VOTES, {})
    every.setdefault(at.lesson.name, {})[at.place] = option
    if at.step.then:
        url_state.put(**at.step.then)


def forget(lesson: Lesson) -> None:
    """Restart the lesson. For callbacks."""
    st.session_state.get(VOTES, {}).pop(lesson.name, None)


def right(at: Running) -> str:
    """The option that is right with the models that are here. Raises MmlabError where none of them is."""
    from mmlab.ui.session import lesson_facts

    key = lesson_facts.found(at.step.answer).key
    if key not in at.step.options:
        raise DataError(
            say("With the models here the answer is '{key}', which is none of the options.", key=key),
            say("This lesson was written for other models."),
        )
    return key


def text_of(ask: Ask) -> str:
    """The text of a fact in a sentence. Raises MmlabError."""
    from mmlab.ui.session import lesson_facts

    text = lesson_facts.found(ask).text
    if counted := COUNTED.fullmatch(text):
        return say("{count} of {total}", count=counted[1], total=counted[2])
    return say(text)


def score(lesson: Lesson) -> tuple[int, int]:
    """How many steps were guessed, and how many of them rightly."""
    chosen = votes(lesson)
    hits = [right(Running(lesson, place)) == option for place, option in chosen.items()]
    return len(hits), sum(hits)
