"""Lessons: files that are read strictly, facts that answer, and every step of every lesson on the app."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core.errors import DataError, MmlabError
from mmlab.lessons import collection, lesson_file
from mmlab.lessons.lesson import Lesson
from mmlab.ui.components import qr_code
from mmlab.ui.session import lessons, shared_address
from mmlab.ui.session.lessons import BROUGHT, VOTES
from tests.apps import address, app_at, captions, healthy, html, sentences, turn

OURS = collection.all_lessons().lessons
STEPS = [(name, place) for name, lesson in OURS.items() for place in range(len(lesson.steps))]
OTHERS_LATER = "All combinations appear once you have chosen an option above."
GOOD = """+++
title = "Mine"
minutes = 3
learn = "Something."
[[steps]]
page = "predict"
view = { task = "digits", sample = "test-0136", methods = "joint" }
then = { on = "image-pen" }
say = "It says {now}."
question = "What then?"
options = { 4 = "Four", 7 = "Seven" }
answer = { fact = "answer" }
numbers = { now = { fact = "answer", inputs = "image-sound-pen" } }
reveal = "So it is."
+++
About it.
"""


def read(text: str, name: str = "mine") -> Lesson:
    return lesson_file.read(text.encode(), name)


def at(lesson: str, place: int, voted: str = "") -> AppTest:
    """The app at a step, which was guessed or not."""
    step = OURS[lesson].steps[place]
    app = turn(app_at(step.page, 240), step.page, **lessons.address(OURS[lesson], place))
    if voted:
        app.session_state[VOTES] = {lesson: {place: voted}}
        for name, value in step.then.items():
            app.query_params[name] = value
    return app.run()


def test_a_lesson_is_read_and_takes_from_the_view_what_a_fact_does_not_say() -> None:
    lesson = read(GOOD)
    step = lesson.steps[0]
    assert (lesson.title, lesson.about, list(step.options)) == ("Mine", "About it.", ["4", "7"])
    assert (step.answer.model, step.answer.sample, step.answer.inputs) == ("joint", "test-0136", "image-pen")
    assert step.numbers["now"].inputs == "image-sound-pen"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minutes = 3", "minutes = 0", "minutes"),
        ("minutes = 3", "minutes = 3\nsecret = 1", "secret"),
        ("{now}", "{never}", "never"),
        ('fact = "answer" }\nnumbers', 'fact = "invented" }\nnumbers', "invented"),
        ("Something.", "<script>alert(1)</script>", "HTML"),
        ("About it.", "<img src=x>", "HTML"),
        ("Something.", "a\u202eb", "cannot be seen"),
        ("+++\ntitle", "title", "table"),
        ('title = "Mine"', 'title = "Mine', "no TOML"),
        ('title = "Mine"', "title = " + "[" * 9000, "TOML"),
        ('{ 4 = "Four", 7 = "Seven" }', '{ 4 = "Four" }', "options"),
        ("Something.", "x" * 700, "learn"),
        ("About it.", "x" * 70_000, "larger"),
    ],
)
def test_a_file_that_is_wrong_or_hostile_is_refused_with_the_reason(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(DataError, match=re.escape(said)):
        read(GOOD.replace(old, new, 1))


def test_a_name_that_cannot_stand_in_an_address_is_refused() -> None:
    for name in ("../x", "A b", "", "x" * 80):
        with pytest.raises(DataError):
            read(GOOD, name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('page = "predict"', 'page = "nowhere"'),
        ('page = "predict"', 'page = "lessons"'),
        ('methods = "joint"', 'methods = "joint", invented = "1"'),
        ('methods = "joint"', 'methods = "joint", step = "9"'),
    ],
)
def test_an_address_that_the_app_does_not_know_is_refused(old: str, new: str) -> None:
    with pytest.raises(DataError):
        lessons.check(read(GOOD.replace(old, new, 1)))


def test_a_folder_of_ones_own_adds_lessons_and_a_faulty_file_hides_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.md").write_text(GOOD, "utf-8")
    (tmp_path / "broken.md").write_text("nothing", "utf-8")
    (tmp_path / f"{next(iter(OURS))}.md").write_text(GOOD, "utf-8")
    monkeypatch.setenv(collection.VARIABLE, os.pathsep.join((str(tmp_path), str(tmp_path / "gone"))))
    found = collection.all_lessons()
    assert set(found.lessons) == {*OURS, "mine"}
    assert found.lessons[next(iter(OURS))] == OURS[next(iter(OURS))], "nobody takes the name of ours"
    assert len(found.problems) == 3


def test_our_lessons_are_sound() -> None:
    assert collection.all_lessons().problems == {}
    for lesson in OURS.values():
        lessons.check(lesson)
        assert 5 <= lesson.minutes <= 7
        for step in lesson.steps:
            assert "{" not in "".join(
                lesson_file.filled(text, dict.fromkeys(step.numbers, "")) for text in (step.say, step.reveal)
            ), f"{lesson.name}: a number is not filled in"
            typed = re.findall(
                r"(?<![A-Za-z{])\d", f"{step.say}{step.question}{step.reveal}{lesson.title}{lesson.learn}"
            )
            assert not typed, f"{lesson.name}: numbers in sentences are computed"


@pytest.mark.slow
@pytest.mark.parametrize(("lesson", "place"), STEPS)
def test_every_step_is_reached_can_be_answered_and_says_what_is_so(lesson: str, place: int) -> None:
    step = OURS[lesson].steps[place]
    app = at(lesson, place, voted=next(iter(step.options)))
    healthy(app)
    assert "There is no" not in sentences(app), "what the address asks for is there"
    assert {name: address(app, name) for name in (*step.view, *step.then)} == {**step.view, **step.then}
    marked = [each.label for each in app.button if str(each.key).startswith("lesson.option.")]
    assert sum(label.startswith("✓") for label in marked) == 1, "one option is right"
    shown = html(app)
    assert 'class="mm-reveal' in shown
    assert "{" not in shown.partition('class="mm-reveal')[2].partition("</p>")[0], "every number is filled in"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lesson", "right"),
    [
        ("take-the-sound-away", ["4", "right-sure", "sound", "sound"]),
        ("sure-but-wrong", ["wrong-sure", "right-unsure", "wrong-unsure", "joint"]),
        ("picture-against-voice", ["9", "9", "7", "sound", "sound"]),
        ("printed-face", ["live", "attack", "wrong-unsure", "depth", "dropout"]),
        ("told-or-not-told", ["right-sure", "native", "donor", "gmd"]),
        ("one-contrast", ["Enhancing tumour", "Whole tumour", "flair", "t1ce"]),
        ("train-it-right", ["wrong-sure", "gyroscope", "dropout", "right-sure"]),
        ("believe-the-map", ["red", "green", "green", "amber"]),
        ("known-truth", ["left", "left", "none", "none", "some"]),
        ("two-gradients", ["conflict", "none", "first", "none"]),
    ],
)
def test_the_shipped_models_still_say_what_the_story_of_a_lesson_rests_on(lesson: str, right: list[str]) -> None:
    """Sentences around the numbers are written for these findings: with others the lesson has to be written anew."""
    found = OURS[lesson]
    assert [lessons.right(lessons.Running(found, place)) for place in range(len(found.steps))] == right


@pytest.mark.slow
def test_a_score_in_a_lesson_is_the_one_that_compare_shows() -> None:
    """The mean over the seeds: the same quantity is the same number on both."""
    asked = OURS["take-the-sound-away"].steps[2].numbers["sound"]
    app = turn(app_at("compare", 120), "compare", task="digits").run()
    row = html(app).partition("Joint training")[2]
    shown = re.findall(r"\d\d\.\d", row)[1]  # image, sound
    assert lessons.text_of(asked) == f"{float(shown):.0f} %"


def test_sure_is_explained_where_it_is_asked_for() -> None:
    assert "with a probability of 80 % or more" in captions(at("sure-but-wrong", 0))
    assert "with a probability of 80 %" not in captions(at("take-the-sound-away", 0))


def test_a_finished_lesson_says_what_was_learned_and_what_comes_next() -> None:
    lesson = OURS["take-the-sound-away"]
    app = turn(app_at("lessons"), "lessons", lesson=lesson.name)
    app.session_state[VOTES] = {lesson.name: {0: "7"}}
    assert "**Done:" not in " ".join(each.value for each in app.run().markdown)
    app.session_state[VOTES] = {lesson.name: dict.fromkeys(range(len(lesson.steps)), "sound")}
    app.run()
    healthy(app)
    assert "**Done: Take the sound away**" in [each.value for each in app.markdown]
    assert "**Next: Sure but wrong →**" in [link.proto.label for link in app.get("page_link")]


def test_an_option_is_chosen_the_bench_changes_and_the_answer_is_said() -> None:
    lesson = "take-the-sound-away"
    app = at(lesson, 0)
    healthy(app)
    assert 'class="mm-reveal' not in html(app)
    assert OTHERS_LATER in captions(app), "the combinations would give the answer away"
    assert "data-answer" in html(app)
    app.button(key="lesson.option.0").click().run()
    assert address(app, "on") == "image-pen"
    assert OTHERS_LATER not in captions(app)
    assert "It says 4" in html(app)
    app.button(key="lesson.next").click().run()
    assert address(app, "step") == "2"
    assert address(app, "methods") == "joint"


def test_a_question_about_what_is_shown_hides_it_until_it_is_answered() -> None:
    app = at("sure-but-wrong", 0)
    healthy(app)
    assert "data-answer" not in html(app)
    assert 'class="mm-told' not in html(app)
    assert "right answer" not in captions(app)


def test_a_page_that_is_the_answer_is_drawn_afterwards() -> None:
    app = at("take-the-sound-away", 2)
    healthy(app)
    assert "<table" not in html(app)


def test_a_step_that_does_not_exist_is_a_sentence_and_the_page_goes_on() -> None:
    for fields in ({"lesson": "never", "step": "1"}, {"lesson": "sure-but-wrong", "step": "99"}):
        app = turn(app_at("predict"), "predict", **fields).run()
        healthy(app)
        assert "lesson" in sentences(app)
        assert "data-answer" in html(app)


def test_the_list_names_every_lesson_and_one_of_ones_own_can_be_brought() -> None:
    app = app_at("lessons").run()
    healthy(app)
    shown = " ".join(each.value for each in app.markdown)
    assert all(lesson.title in shown for lesson in OURS.values())
    app.file_uploader(key="lesson.file").upload("mine.md", GOOD.encode(), "text/markdown").run()
    assert "mine" in app.session_state[BROUGHT]
    app.file_uploader(key="lesson.file").upload("mine.md", b"nothing", "text/markdown").run()
    assert "begin with a table" in sentences(app)


def test_the_navigation_leads_out_of_a_running_lesson_to_the_list() -> None:
    app = at("take-the-sound-away", 0)
    to_list = next(link.proto for link in app.sidebar.get("page_link") if link.proto.label == "Lessons")
    assert "lesson=take-the-sound-away" in to_list.query_string
    assert "step=" not in to_list.query_string
    to_compare = next(link.proto for link in app.sidebar.get("page_link") if link.proto.label == "Compare")
    assert "step=1" in to_compare.query_string  # other pages keep the lesson running


def test_guessing_hides_answers_and_what_the_sample_is_until_somebody_guessed() -> None:
    app = turn(app_at("predict"), "predict", task="digits", sample="test-0136", on="image", guess="1").run()
    healthy(app)
    assert "data-answer" not in html(app)
    assert "test-0136" not in captions(app)
    assert "right answer" not in captions(app)
    assert app.button(key="guess.show").disabled
    app.button(key="guess.4").click().run()
    app.button(key="guess.4").click().run()
    assert any("· **2**" in each.label for each in app.button)
    app.button(key="guess.show").click().run()
    assert "data-answer" in html(app)
    assert "Votes: 2 for 4" in captions(app)
    assert "test-0136" in " ".join(each.value for each in app.caption)


def test_presenting_takes_away_the_side_bar_and_can_be_left() -> None:
    app = turn(app_at("predict"), "predict", task="digits", present="1").run()
    healthy(app)
    assert '[data-testid="stSidebar"]' in html(app)
    app.button(key="mode.present").click().run()
    assert not address(app, "present")
    assert '[data-testid="stSidebar"]' not in html(app)


def test_a_view_is_shared_by_its_address_and_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_address, "lan_address", lambda: "192.168.7.3")
    monkeypatch.setattr(shared_address, "host_name", lambda: "desk.local")
    for url, server, expected, remark in (
        ("http://localhost:8501/predict", "127.0.0.1", "http://localhost:8501/predict?on=image", "Only this machine"),
        ("http://localhost:8501/predict", "0.0.0.0", "http://192.168.7.3:8501/predict?on=image", ""),
        ("https://lab.example.org/mm/predict", "127.0.0.1", "https://lab.example.org/mm/predict?on=image", ""),
    ):
        monkeypatch.setattr(shared_address, "_here", lambda url=url: url)
        monkeypatch.setattr(shared_address, "_server", lambda server=server: server)
        found = shared_address.found({"on": "image"})
        assert found.address == expected
        assert remark in found.remark
    assert "data:image/svg+xml" in qr_code.picture("http://192.168.7.3:8501/predict?on=image")


def test_a_lesson_for_other_models_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    step = read(GOOD.replace('4 = "Four"', '3 = "Three"')).steps[0]
    with pytest.raises(MmlabError, match="none of the options"):
        lessons.right(lessons.Running(Lesson("mine", "Mine", 3, "x", "", (step,)), 0))
