"""Translations of the shipped lessons: `mmlab/lessons/de/x.md` holds only the text of `mmlab/lessons/en/x.md`.

Addresses, facts and numbers are those of the English file, so that a translation can say nothing else than what is so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mmlab.core.errors import DataError
from mmlab.lessons.lesson import Lesson, Step
from mmlab.lessons.lesson_file import MOST_STEPS, WHOLE, Sentence, Word, parts, places
from mmlab.storage import strict_json

FOLDER = Path(__file__).parent
HINT = "docs/lessons.md says what a translation holds."


@with_config(WHOLE)
class TranslatedStep(TypedDict):
    """The words of one step."""

    say: Sentence
    question: Sentence
    options: dict[Word, Sentence]
    reveal: Sentence


@with_config(WHOLE)
class TranslatedLesson(TypedDict):
    """What stands between the two fences."""

    title: Annotated[str, Field(min_length=1, max_length=80)]
    learn: Sentence
    steps: Annotated[list[TranslatedStep], Field(min_length=1, max_length=MOST_STEPS)]


def file_of(lesson: Lesson, language: str) -> Path:
    """Where the translation of a lesson of ours would be."""
    return FOLDER / language / f"{lesson.name}.md"


def translated(lesson: Lesson, content: bytes) -> Lesson:
    """The lesson in other words. Raises DataError for words that are not those of this lesson."""
    what = f"The translation of {lesson.name}"
    head, about = parts(content, what)
    found: Mapping[str, Any] = strict_json.fit(head, TranslatedLesson, what, HINT)
    if len(found["steps"]) != len(lesson.steps):
        raise DataError(f"{what} has {len(found['steps'])} steps instead of {len(lesson.steps)}.", HINT)
    pairs = enumerate(zip(lesson.steps, found["steps"], strict=True), 1)
    steps = tuple(_step(step, words, f"{what}, step {number}") for number, (step, words) in pairs)
    return replace(lesson, title=found["title"], learn=found["learn"], about=about, steps=steps)


def _step(step: Step, words: Mapping[str, Any], what: str) -> Step:
    if words["options"].keys() != step.options.keys():
        raise DataError(f"{what} has other options.", HINT)
    for text in (words["say"], words["question"], words["reveal"], *words["options"].values()):
        if unknown := set(places(text)) - set(step.numbers):
            raise DataError(f"{what}: no number is named '{min(unknown)}'.", HINT)
    options = {option: words["options"][option] for option in step.options}
    return replace(step, say=words["say"], question=words["question"], options=options, reveal=words["reveal"])
