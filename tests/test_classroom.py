"""A class that votes: codes, votes, their bounds, and the screens of teacher and pupils."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core import permissions
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.permissions import NotAllowed, Visitor, acting_for
from mmlab.lessons import classroom
from mmlab.lessons.classroom import CLASSES, CODE, Classes, Question
from mmlab.ui.pages.lessons import sheet
from mmlab.ui.session import classes, hidden, lessons, shared_address
from mmlab.viz.lessons.sheet import Words
from tests.apps import address, app_at, captions, healthy, html, sentences, turn

TEACHER, ANNA = Visitor("teacher", unlocked=True), Visitor("anna")
ASKED = Question("one", "Which?", {"a": "First <b>", "b": "Second"}, "Lesson", "Look.", "predict", {"task": "digits"})
STEP = {"lesson": "take-the-sound-away", "step": "1"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(clock: Clock) -> Classes:
    return Classes(clock)


@pytest.fixture(autouse=True)
def no_class_before() -> Iterator[None]:
    CLASSES._open.clear()
    yield
    CLASSES._open.clear()


def test_every_pupil_has_one_vote_and_may_change_it_until_the_answer_is_shown(rooms: Classes) -> None:
    room = rooms.open()
    room.ask(ASKED)
    assert room.vote("anna", "a")
    assert room.vote("ben", "a")
    assert room.vote("anna", "b")
    found = room.ballot("anna")
    assert found is not None
    assert (found.votes, found.total, found.mine, found.right) == ({"a": 1, "b": 1}, 2, "b", "")
    room.reveal("a")
    assert not room.vote("anna", "a"), "the answer was shown"
    after = room.ballot("anna")
    assert after is not None
    assert (after.is_over, after.right, after.votes) == (True, "a", {"a": 1, "b": 1})


def test_a_vote_for_another_question_or_for_no_option_does_not_count(rooms: Classes) -> None:
    room = rooms.open()
    assert not room.vote("anna", "a"), "nothing is asked"
    room.ask(ASKED)
    assert not room.vote("anna", "invented")
    assert not room.vote("anna", "a", "the question before")
    assert room.vote("anna", "a", "one")
    room.ask(Question("two", "And now?", {"c": "C", "d": "D"}))
    assert not room.vote("anna", "a")
    again = room.ask(ASKED)
    assert again.votes == {"a": 1, "b": 0}, "going back finds the votes again"


@pytest.mark.parametrize("code", ["", "AAAA", "aaaa" * 4000, "../x", "<b>", "\0\0\0\0", "ＡＣＤＥ", "A C D"])
def test_a_code_that_no_class_has_is_refused(rooms: Classes, code: str) -> None:
    rooms.open()
    with pytest.raises(UnknownName):
        rooms.find(code)


def test_a_code_is_short_and_found_as_it_is_typed(rooms: Classes) -> None:
    room = rooms.open()
    assert CODE.fullmatch(room.code)
    assert rooms.find(f" {room.code.lower()} ") is room


def test_classes_pupils_and_questions_are_bounded_and_a_class_ends_by_itself(
    rooms: Classes, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_CLASSES", "MOST_PUPILS", "MOST_QUESTIONS"):
        monkeypatch.setattr(classroom, name, 3)
    room = rooms.open()
    others = [rooms.open() for _ in range(2)]
    assert room not in others
    with pytest.raises(DataError, match="Too many"):
        rooms.open()
    for number in range(5):
        room.ask(Question(f"{number}", "?", {"a": "A", "b": "B"}))
    assert len(room._votes) == 3
    for name in ("anna", "ben", "eva"):
        room.vote(name, "a")
    with pytest.raises(DataError, match="full"):
        room.vote("one too many", "a")
    clock.now += classroom.AWAY + 1
    assert room.here() == 0
    assert not room.vote("one too many", "a"), "a place is free, but there is a vote for every pupil already"
    clock.now += classroom.REST
    assert rooms.open() is not None
    with pytest.raises(UnknownName):
        rooms.find(room.code)


def test_who_may_lead_a_class_follows_what_visitors_may_do(rooms: Classes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(permissions.MODE, "classroom")
    with acting_for(ANNA), pytest.raises(NotAllowed):
        rooms.open()
    with acting_for(TEACHER):
        room = rooms.open()
        room.ask(ASKED)
    with acting_for(ANNA):
        assert room.vote("anna", "a"), "voting is for everybody"
        for attempt in (lambda: room.ask(ASKED), room.reveal, lambda: rooms.close(room)):
            with pytest.raises(NotAllowed):
                attempt()
        assert rooms.led_by_asker() == ()
    with acting_for(Visitor("the same teacher after a reload", unlocked=True)):
        assert rooms.led_by_asker() == (room,)
        rooms.close(room)


def teacher(page: str = "predict", **view: str) -> AppTest:
    """A teacher's screen, who leads a class."""
    app = turn(app_at(page), page, **view)
    app.session_state[classes.LED] = CLASSES.open().code
    return app.run()


def test_a_class_votes_on_a_step_and_the_teacher_shows_the_answer() -> None:
    app = teacher(task="digits", sample="test-0136", methods="joint", **STEP)
    healthy(app)
    room = CLASSES.find(app.session_state[classes.LED])
    pupil = turn(app_at("join"), "join", code=room.code.lower()).run()
    healthy(pupil)
    assert "With all three it says 7" in html(pupil), "the sentence with its numbers"
    pupil.button(key="join.option.1").click().run()
    assert "change it" in captions(pupil)
    pupil.button(key="join.option.0").click().run()
    room.vote("somebody else", "4")
    app.run()
    assert "2 of 2 voted." in html(app)
    assert 'class="mm-vote mm-vote-right"' not in html(app)
    app.button(key="class.show").click().run()
    healthy(app)
    assert "1 of 2 were right." in html(app)
    assert address(app, "on") == "image-pen", "the view shows what is so"
    pupil.run()
    assert "✓ 4" in html(pupil)
    assert not [each for each in pupil.button if str(each.key).startswith("join.option.")]


def test_a_guess_on_the_bench_is_a_vote_of_the_class() -> None:
    app = teacher(task="digits", sample="test-0136", on="image", guess="1")
    healthy(app)
    room = CLASSES.find(app.session_state[classes.LED])
    assert room.vote("anna", "4")
    app.button(key="class.show").click().run()
    assert "data-answer" in html(app)
    assert "1 of 1 voted." in html(app)


def test_a_code_is_typed_in_and_a_wrong_one_is_a_sentence() -> None:
    app = app_at("join").run()
    app.text_input(key="join.code").input("NOPE")
    app.button[0].click().run()
    assert "There is no class with this code" in sentences(app)
    app.text_input(key="join.code").input(CLASSES.open().code)
    app.button[0].click().run()
    assert "has not asked a question yet" in sentences(app)


def test_a_class_is_opened_and_ended_on_the_page_of_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_at("lessons").run()
    app.button(key="class.open").click().run()
    healthy(app)
    code = app.session_state[classes.LED]
    assert code in " ".join(each.value for each in app.markdown)
    app.button(key="class.end").click().run()
    assert classes.LED not in app.session_state
    monkeypatch.setenv(permissions.MODE, "read-only")
    app = app_at("lessons").run()
    assert not [each for each in app.button if each.key == "class.open"]


def test_a_link_hides_what_it_names_and_nothing_else() -> None:
    shown = turn(app_at("predict"), "predict", task="digits", sample="test-0136").run()
    app = turn(
        app_at("predict"), "predict", task="digits", sample="test-0136", hide="task,switches,lattice,<script>"
    ).run()
    healthy(app)
    assert shown.selectbox(key="task")
    assert not [each for each in app.selectbox if each.key == "task"]
    assert not app.toggle
    assert "lattice.method" not in [each.key for each in app.selectbox]
    assert "data-answer" in html(app)
    assert set(hidden.NAMES) > {"sidebar", "models"}


def test_sheets_have_a_page_for_each_lesson_and_a_code_for_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_address, "_server", lambda: "0.0.0.0")
    monkeypatch.setattr(shared_address, "lan_address", lambda: "192.168.7.3")
    lesson = lessons.find("sure-but-wrong")
    made = sheet.make([lesson], "http://localhost:8501/mm/lessons", Words("en", "Lessons", "Name", "Foot."), {})
    assert made.count("<section>") == 1
    assert made.count("data:image/svg+xml") == len(lesson.steps)
    assert "http://192.168.7.3:8501/mm/predict?task=digits&amp;sample=test-0190" in made
    assert lesson.steps[0].question in made
    assert lesson.steps[0].reveal.partition("{")[0] not in made, "the answers are not given away"
    assert 'src="http' not in made, "it opens without a network"
