"""Languages of the screen: what one that calls itself complete has, and what is said where one has nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mmlab.core.errors import DataError
from mmlab.core.outputs import Multilabel
from mmlab.core.task import TASKS
from mmlab.lessons import shelf, translation
from mmlab.lessons.lesson_file import places
from mmlab.ui.pages.predict.views import VIEWS
from mmlab.ui.session.page_registry import PAGES as APP_PAGES
from mmlab.ui.text import language, wording
from mmlab.ui.text.glossary import PAGES
from tests.apps import app_at, healthy, html, turn

ROOT = Path(__file__).resolve().parent.parent / "mmlab"
OTHERS = tuple(code for code in language.languages() if code != language.ENGLISH)
SEVERAL = Multilabel(("this", "that"))  # the kind of answer that no task of ours asks for, but official data sets
OURS = ("digits", "faces", "brain", "watch", "opinion", "pendulum", "objects")


def literals() -> set[str]:
    """Every sentence that the code says: the plain first argument of `say`, where that is the one of `phrases`."""
    found = set()
    for file in ROOT.rglob("*.py"):
        text = file.read_text("utf-8")
        if "from mmlab.core.phrases import say" in text:
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.args]
            firsts = [call.args[0] for call in calls if ast.unparse(call.func) == "say"]
            found |= {str(first.value) for first in firsts if isinstance(first, ast.Constant)}
    return found


def named() -> set[str]:
    """What is said and stands elsewhere: pages, views, tasks and what their models take and answer."""
    found = {view.title for view in VIEWS.values()} | {"right", "wrong"}  # of facts, in sentences of lessons
    for page in map(APP_PAGES.__getitem__, APP_PAGES):
        found |= {page.title, page.about, page.tab, page.group}
    found |= {*SEVERAL.verdicts(known=True), *SEVERAL.verdicts(known=False)}
    found.add("{count} of {total} combinations " + f"{SEVERAL.changed}.")
    for task in map(TASKS.__getitem__, OURS):
        found |= {task.title, task.about, *(each.label for each in task.info.modalities)}
        found |= {*task.info.output.verdicts(known=True), *task.info.output.verdicts(known=False)}
        found.add("{count} of {total} combinations " + f"{task.info.output.changed}.")
        found |= {name for name in task.info.output.class_names if not name.isdigit()}
    return found - {""}


def test_german_and_chinese_are_there_beside_english() -> None:
    assert {"en", "de", "zh"} <= set(language.languages())


@pytest.mark.parametrize("code", OTHERS)
def test_a_complete_file_of_phrases_lacks_none_and_holds_none_that_nobody_says(code: str) -> None:
    assert language.PHRASES in language.complete(code)
    needed = literals() | named()
    there = language.sentences(code)
    assert needed - set(there) == set(), "missing"
    assert set(there) - needed == set(), "nobody says it"


@pytest.mark.parametrize("code", OTHERS)
def test_every_lesson_of_ours_is_told_with_the_same_numbers(code: str) -> None:
    """A faulty file is a DataError here; steps, options and facts are those of the English one in any case."""
    assert "lessons" in language.complete(code)
    for lesson in shelf.stand().lessons.values():
        told = shelf.spoken(lesson, code)
        assert told.title != lesson.title, f"{lesson.name} is not translated"
        for english, step in zip(lesson.steps, told.steps, strict=True):
            assert (step.view, step.then, step.answer, step.numbers) == (
                english.view,
                english.then,
                english.answer,
                english.numbers,
            )
            for said, was in ((step.say, english.say), (step.reveal, english.reveal)):
                assert sorted(places(said)) == sorted(places(was)), f"{lesson.name}: {said}"
            typed = re.findall(r"(?<![A-Za-z])\d", f"{step.say}{step.question}{step.reveal}")
            assert not typed, f"{lesson.name}: numbers in sentences are computed"


def test_a_translation_that_says_something_else_is_refused() -> None:
    lesson = shelf.stand().lessons["sure-but-wrong"]
    content = translation.file_of(lesson, "de").read_text("utf-8")
    for old, new in (("{sure}", "{invented}"), ("right-sure =", "other ="), ("[[steps]]\nsay", "[[more]]\nsay")):
        with pytest.raises(DataError):
            translation.translated(lesson, content.replace(old, new, 1).encode())


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_places_of_its_english(code: str) -> None:
    for english, said in language.sentences(code).items():
        assert said.strip(), english
        assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", english)), english


@pytest.mark.parametrize("code", OTHERS)
def test_terms_of_a_language_are_those_of_the_same_file_in_english(code: str) -> None:
    for file in (language.FOLDER / code).glob("*.toml"):
        if file.stem in ("language", language.PHRASES):
            continue
        terms = language.terms(code, file.stem)
        assert set(terms) <= set(PAGES[file.stem]), f"{file}: no such term"
        assert all(set(each) <= {"title", "plain", "how"} for each in terms.values())
        if file.stem in language.complete(code):
            assert set(terms) == set(PAGES[file.stem])
            assert all(set(each) == {"title", "plain", "how"} for each in terms.values())
    there = {file.stem for file in (language.FOLDER / code).glob("*.toml")}
    assert set(language.complete(code)) <= there | {"lessons"}


def test_the_screen_speaks_the_language_of_the_address_and_english_where_it_asks_for_none() -> None:
    app = turn(app_at("predict"), "predict", task="digits", sample="test-0136", lang="de").run()
    healthy(app)
    assert "<h1>Werkbank</h1>" in html(app)
    assert "**I** · Bild" in [each.label for each in app.toggle]
    assert "Lektionen" in [link.proto.label for link in app.sidebar.get("page_link")]
    assert app.selectbox(key="mode.lang").value == "de"
    assert "lang=de" in {part for link in app.get("page_link") for part in link.proto.query_string.split("&")}
    view = {"task": "digits", "sample": "test-0136", "methods": "joint", "lesson": "take-the-sound-away", "step": "1"}
    app = turn(app_at("predict"), "predict", lang="de", **view).run()
    healthy(app)
    assert "sagt Joint training 7, was richtig ist." in html(app)
    app = turn(app_at("predict"), "predict", task="digits", lang="../x").run()
    healthy(app)
    assert "<h1>Bench</h1>" in html(app)


def test_what_a_language_lacks_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "current", lambda: "de")
    assert language.translated("Nobody ever said this.") == "Nobody ever said this."
    assert language.translated("Bench") == "Werkbank"
    assert wording.help("kept").startswith("**Retained score.** "), "a page without a file"
    assert shelf.stand().problems == {}
