"""A lesson as a Markdown file: its steps as TOML between two lines `+++`, followed by notes for the teacher.

    +++
    title = "Take the sound away"
    minutes = 5
    learn = "An answer can depend on one input."

    [[steps]]
    page = "predict"                                  # an address of the app: the page and its fields
    view = { task = "digits", sample = "test-0136", methods = "joint.dropout" }
    then = { on = "image-pen" }                       # what changes when the answer is revealed
    say = "The model sees, hears and follows the pen."
    question = "Take the sound away. Is Joint training still right?"
    options = { right-sure = "Yes, and sure", wrong-sure = "No, and sure of it" }
    answer = { fact = "verdict", model = "joint" }    # the right option: found by a fact, never typed in
    numbers = { sure = { fact = "probability", model = "joint" } }
    reveal = "It is {sure} sure."
    +++
    Some sentences for whoever teaches this.

What a fact needs and does not say is taken from the view. Files are taken as hostile: size and lengths are bounded,
fields that are not known are refused, and so is HTML. Whether an address exists is for the app to say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from mmlab.core.errors import DataError
from mmlab.core.plain_text import without_controls
from mmlab.lessons.fact import FACTS
from mmlab.lessons.lesson import Ask, Lesson, Step
from mmlab.storage import strict_json

LARGEST = 64 * 2**10
MOST_STEPS, MOST_OPTIONS = 24, 8
HINT = "docs/lessons.md says what a lesson file holds."
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
FENCE = "+++"
_HTML = re.compile(r"<\s*[a-zA-Z/!?]")
_PLACES = re.compile(r"\{([a-z][a-z0-9_-]*)\}")  # the names of numbers, as `numbers` allows them
WHOLE = ConfigDict(extra="forbid", strict=True)

Field_ = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_-]*$")]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=600)]
Words = Annotated[list[Word], Field(max_length=32)]
View = Annotated[dict[Field_, Word], Field(max_length=32)]


@with_config(WHOLE)
class AskedFact(TypedDict):
    """A fact, and what of it does not stand in the view."""

    fact: Field_
    task: NotRequired[Word]
    model: NotRequired[Word]
    run: NotRequired[Word]
    sample: NotRequired[Word]
    inputs: NotRequired[Word]
    damage: NotRequired[Word]
    metric: NotRequired[Word]
    rule: NotRequired[Word]
    of: NotRequired[Word]
    explainer: NotRequired[Word]
    ground: NotRequired[Word]
    arrows: NotRequired[Word]
    measure: NotRequired[Word]
    models: NotRequired[Words]
    among: NotRequired[Words]
    rules: NotRequired[Words]


@with_config(WHOLE)
class WrittenStep(TypedDict):
    """One step of the file."""

    page: Field_
    view: View
    say: Sentence
    question: Sentence
    options: Annotated[dict[Word, Sentence], Field(min_length=2, max_length=MOST_OPTIONS)]
    answer: AskedFact
    reveal: Sentence
    then: NotRequired[View]
    numbers: NotRequired[Annotated[dict[Field_, AskedFact], Field(max_length=16)]]


@with_config(WHOLE)
class WrittenLesson(TypedDict):
    """What stands between the two fences."""

    title: Annotated[str, Field(min_length=1, max_length=80)]
    minutes: Annotated[int, Field(ge=1, le=90)]
    learn: Sentence
    order: NotRequired[Annotated[int, Field(ge=0, le=10_000)]]
    steps: Annotated[list[WrittenStep], Field(min_length=1, max_length=MOST_STEPS)]


def read(content: bytes, name: str) -> Lesson:
    """The lesson of a file. name: that of the file without its ending. Raises DataError."""
    what = f"The lesson {name[:60]!r}"
    if not NAME.fullmatch(name):
        raise DataError(f"{what} has a name that cannot stand in an address.", "Use small letters, digits and -.")
    if len(content) > LARGEST:
        raise DataError(f"{what} is larger than {LARGEST >> 10} kB.", HINT)
    head, about = parts(content, what)
    found: Mapping[str, Any] = strict_json.fit(head, WrittenLesson, what, HINT)
    steps = tuple(_step(each, f"{what}, step {number}") for number, each in enumerate(found["steps"], 1))
    return Lesson(name, found["title"], found["minutes"], found["learn"], about, steps, found.get("order", 100))


def parts(content: bytes, what: str) -> tuple[dict[str, Any], str]:
    """The table between the fences, and the text below them."""
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{what} is not text in UTF-8.", HINT) from error
    if without_controls(text) != text or _HTML.search(text):
        raise DataError(f"{what} holds HTML or marks that cannot be seen.", "Write plain text.")
    before, fence, rest = text.partition(f"{FENCE}\n")
    head, fence_after, about = rest.partition(f"\n{FENCE}")
    if before.strip() or not fence or not fence_after:
        raise DataError(f"{what} does not begin with a table between two lines {FENCE}.", HINT)
    try:
        return tomllib.loads(head), about.strip()
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is no TOML: {str(error)[:80]}.", HINT) from error


def _step(found: Mapping[str, Any], what: str) -> Step:
    view, then = found["view"], found.get("then", {})
    shown = {**view, **then}
    numbers = {name: _ask(each, shown, what) for name, each in found.get("numbers", {}).items()}
    for text in (found["say"], found["question"], found["reveal"], *found["options"].values()):
        for name in _PLACES.findall(text):
            if name not in numbers:
                raise DataError(f"{what}: no number is named '{name}'.", "Add it to `numbers`.")
    return Step(
        page=found["page"],
        view=view,
        say=found["say"],
        question=found["question"],
        options=found["options"],
        answer=_ask(found["answer"], shown, what),
        reveal=found["reveal"],
        then=then,
        numbers=numbers,
    )


def _ask(found: Mapping[str, Any], view: Mapping[str, str], what: str) -> Ask:
    """A fact with what it does not say by itself filled in from the view."""
    if found["fact"] not in FACTS:
        raise DataError(f"{what}: there is no fact '{found['fact']}'.", f"There are: {', '.join(FACTS)}.")
    methods = tuple(name for name in view.get("methods", "").split(".") if name)
    lists = {name: tuple(found[name]) for name in ("models", "among", "rules") if name in found}
    words = {name: value for name, value in found.items() if isinstance(value, str)}
    model = words.get("model", "") or view.get("lattice", "") or (methods[0] if methods else "")
    runs = dict(pair.split(":", 1) for pair in view.get("runs", "").split(",") if ":" in pair)
    usual: dict[str, Any] = {
        "task": view.get("task", ""),
        "sample": view.get("sample", ""),
        "inputs": view.get("on", ""),
        "damage": view.get("damage", ""),
        "explainer": view.get("explainer", ""),
        "ground": view.get("ground", ""),
        "arrows": view.get("arrows", ""),
        "run": runs.get(model, ""),
        "models": methods,
    }
    return Ask(**{**usual, **words, **lists, "model": model})


def filled(text: str, numbers: Mapping[str, str]) -> str:
    """A sentence with its numbers. Raises KeyError for one that is not there."""
    return _PLACES.sub(lambda found: numbers[found[1]], text)


def places(text: str) -> tuple[str, ...]:
    """The names of the numbers in a sentence."""
    return tuple(_PLACES.findall(text))
