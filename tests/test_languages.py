"""Languages of the screen: what one that calls itself complete has, and what is said where one has nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core.errors import DataError
from mmlab.core.method import METHODS
from mmlab.core.options import describe
from mmlab.lessons import collection, translation
from mmlab.lessons.lesson_file import places
from mmlab.ui.session.page_registry import PAGES as PAGES_OF_THE_APP
from mmlab.ui.text import language, markdown, wording
from mmlab.ui.text.glossary import PAGES
from mmlab.viz.methods import method_diagrams
from tests.apps import app_at, healthy, html, turn
from tools import phrases

OTHERS = tuple(code for code in language.languages() if code != language.ENGLISH)
NEEDED = ("app", "join", "lessons", "predict", "tasks")  # the files that every language has
PLACE = re.compile(r"{(\w+)[^}]*}")
ENGLISH_WORD = re.compile(
    r"\b(?:[Tt]he|[Oo]f|[Aa]nd|[Ww]ith|[Ww]hich|is|are|[Ff]rom|[Tt]his|[Tt]hat|[Ee]very|[Ee]ach|[Ww]hen|[Ww]here|than|[Hh]ow)\b"
)
QUOTED = re.compile(r"<style.*?</style>|`[^`]*`|\*Source:[^*]*\*|\*[^*]*\b(?:19|20)\d\d\b[^*]*\*", re.DOTALL)  # names


def test_german_and_chinese_are_there_beside_english() -> None:
    assert {"en", "de", "zh"} <= set(language.languages())


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_has_what_a_class_sees(code: str) -> None:
    assert set(NEEDED) <= set(language.areas(code)), f"python tools/phrases.py {code} writes what is missing"


@pytest.mark.parametrize("code", ["de", "zh"])
def test_german_and_chinese_have_every_file(code: str) -> None:
    assert set(language.areas(code)) == set(phrases.needed()), f"python tools/phrases.py {code} writes what is missing"
    terms = {file.stem for file in (language.FOLDER / code).glob("*.toml")} - {"language"}
    assert terms == set(PAGES)


@pytest.mark.parametrize("code", OTHERS)
def test_a_file_of_phrases_lacks_none_and_holds_none_that_nobody_says(code: str) -> None:
    needed, there = phrases.needed(), language.sentences(code)
    for area in language.areas(code):
        lacking = [sentence for sentence in needed.get(area, ()) if sentence not in there]
        assert not lacking, f"{code}/phrases/{area}.toml lacks {lacking}; python tools/phrases.py {code} adds them"
    unsaid = set(there) - {sentence for sentences in needed.values() for sentence in sentences}
    assert not unsaid, f"nobody says {sorted(unsaid)}; python tools/phrases.py {code} takes them away"


@pytest.mark.parametrize("code", OTHERS)
def test_every_lesson_of_ours_is_told_with_the_same_numbers(code: str) -> None:
    """A faulty file is a DataError here; steps, options and facts are those of the English one in any case."""
    for lesson in collection.all_lessons().lessons.values():
        told = collection.in_language(lesson, code)
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
    lesson = collection.all_lessons().lessons["sure-but-wrong"]
    content = translation.file_of(lesson, "de").read_text("utf-8")
    for old, new in (("{sure}", "{invented}"), ("right-sure =", "other ="), ("[[steps]]\nsay", "[[more]]\nsay")):
        with pytest.raises(DataError):
            translation.translated(lesson, content.replace(old, new, 1).encode())


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_places_of_its_english(code: str) -> None:
    for english, said in language.sentences(code).items():
        assert said.strip(), english
        assert set(PLACE.findall(said)) == set(PLACE.findall(english)), english


@pytest.mark.parametrize("code", OTHERS)
def test_a_file_of_terms_has_those_of_the_same_file_in_english(code: str) -> None:
    for file in (language.FOLDER / code).glob("*.toml"):
        if file.stem == "language":
            continue
        terms, english = language.terms(code, file.stem), phrases.terms()[file.stem]
        assert set(terms) <= set(english), f"{file}: no such term"
        lacking = [
            f"{key}.{part}" for key, parts in english.items() for part in parts if part not in terms.get(key, {})
        ]
        assert not lacking, f"{file} lacks {lacking}"
        assert all(set(each) == {"title", "plain", "how"} for each in terms.values())


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
    monkeypatch.setattr(language, "terms", lambda code, page: {})
    assert wording.help("kept").startswith("**Retained score.** "), "a page without a file"
    assert collection.all_lessons().problems == {}


@pytest.mark.parametrize("code", ["en", "de", "zh"])
@pytest.mark.parametrize("name", list(METHODS))
def test_words_in_drawings_are_said_in_the_language_and_stay_legible(
    name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "current", lambda: code)
    diagram = METHODS[name].diagram
    assert diagram is not None
    drawn = method_diagrams.draw(diagram, ("I", "S", "P"), "sound")
    for text in diagram.texts:
        assert all(escape(line) in drawn for line in language.translated(text).split("\n")), text
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)"', drawn)) >= 8.5


@pytest.mark.parametrize("page", list(PAGES_OF_THE_APP))
@pytest.mark.parametrize("code", ["de", "zh"])
def test_no_sentence_of_a_page_is_left_in_english(code: str, page: str) -> None:
    app = turn(app_at(page), page, task="digits", lang=code).run()
    assert not app.exception, [each.value for each in app.exception]
    english = [said for said in _said(app) if ENGLISH_WORD.search(said)]
    assert not english, english


def _said(app: AppTest) -> Iterator[str]:
    """What a visitor reads or hears: texts, labels, help, choices, and what stands in drawings; no file, no option."""
    papers = [markdown.plain(METHODS[name].paper) for name in METHODS if METHODS[name].paper]
    named = {
        option.name.replace("_", " ").capitalize() for name in METHODS for option in describe(METHODS[name].Config)
    }
    for element in (each for each in _elements(app._tree) if getattr(each, "type", "") not in ("code", "json")):
        shown = getattr(element, "proto", None)
        texts = [getattr(shown, field, "") for field in ("body", "label", "help", "placeholder", "caption")]
        options = [each if isinstance(each, str) else each.content for each in getattr(shown, "options", ())]
        for text in filter(None, (*texts, *options)):
            plain = QUOTED.sub("", text if isinstance(text, str) else "")
            for paper in papers:
                plain = plain.replace(paper, "")
            spoken = re.findall(r'(?:title|aria-label|alt|placeholder)="([^"]*)"', plain)
            yield from {said.strip() for said in (*re.split(r"<[^>]*>", plain), *spoken)} - named


def _elements(block: object) -> Iterator[object]:
    for child in getattr(block, "children", {}).values():
        yield child
        yield from _elements(child)
