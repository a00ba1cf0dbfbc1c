"""What an error says on a page: found again in another language, and in the log without what is private."""

from __future__ import annotations

import logging
from pathlib import Path
from string import Formatter

import pytest

from mmlab.core.errors import DataError, MmlabError
from mmlab.tasks.custom.problems import Problems
from mmlab.ui.session import refusal_log
from mmlab.ui.text import language, refusals
from tests.apps import app_at, healthy, sentences, turn
from tools import refusals as source


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "current", lambda: "de")


def test_the_sentences_that_pages_can_show_are_read_from_the_source() -> None:
    found = list(source.sentences())
    assert "{label} has {value} MB; the limit is {value2} MB." in found
    assert "Use a PNG, JPEG, WebP, GIF, BMP or TIFF image." in found, "a constant of its module"
    assert "The picture" in found, "what a file without a name is called"
    assert any("{{" in sentence for sentence in found), "signs that are no place"


def test_the_sentences_of_own_folders_and_official_data_sets_are_among_them() -> None:
    found = set(source.sentences())
    assert "The sample has no input at all." in found, "what is collected about a folder"
    assert "Give at least one, or remove the line." in found
    assert "See all: python -m mmlab check {folder}" in found, "a part of a list that is joined"
    assert "There are no samples" not in found
    assert "'{path}' is no class of Kinetics-Sounds." in found
    names = {file.relative_to(source.PACKAGE).as_posix() for file in source.files()}
    assert "tasks/custom/safe_paths.py" in names, "what an opened folder imports"
    assert not names & {"tasks/custom/from_table.py", "cli/commands/check.py"}, "the command line alone uses these"


@pytest.mark.parametrize("code", ["de", "zh"])
def test_every_translated_refusal_is_found_behind_what_was_filled_in(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "current", lambda: code)
    for english, translated in language.area(code, refusals.AREA).items():
        places = [place for _, place, *_ in Formatter().parse(english) if place]
        filled = {place: f"‹{i}›" for i, place in enumerate(places)}
        assert refusals.translated(english.format(**filled)) == translated.format(**filled)


@pytest.mark.usefixtures("german")
def test_what_fills_a_refusal_may_be_one_itself_and_the_rest_stays_as_it_is() -> None:
    limit = "'a b.png' is 9000 × 9000 pixels; the limit is 24 megapixels."
    assert refusals.translated(limit) == "'a b.png' hat 9000 × 9000 Pixel; die Grenze sind 24 Megapixel."
    assert refusals.translated("The picture is empty.") == "Das Bild ist leer."
    assert refusals.translated("Nobody ever said this. Save it again.") == (
        "Nobody ever said this. Speichern Sie die Datei noch einmal."
    )
    assert refusals.message_and_hint(DataError("x is empty.", "Use a CSV file.")) == (
        "x ist leer. Verwenden Sie eine CSV-Datei."
    )
    assert refusals.message_and_hint(ValueError("x is empty.")) == "x ist leer."
    assert refusals.translated("") == ""


@pytest.mark.usefixtures("german")
def test_a_sentence_is_not_taken_for_what_fills_another_one() -> None:
    text = "Give a thing. Or: another."
    assert refusals.translated(text) == "Geben Sie a thing. Or: another."


@pytest.mark.usefixtures("german")
def test_a_problem_of_a_folder_is_said_with_its_place() -> None:
    problems = Problems()
    problems.error("The right answer is missing.", "Fill it in, or remove the line.", 7, "target")
    problems.error("This is no id.", "A sample needs an id.", 9, "id")
    with pytest.raises(DataError) as raised:
        problems.raise_first(Path("birds"))
    assert refusals.both(raised.value) == (
        "manifest.csv, Zeile 7, target: Die richtige Antwort fehlt.",
        "Tragen Sie sie ein, oder entfernen Sie die Zeile. Es gibt 1 weitere. "
        "Alle sehen Sie mit: python -m mmlab check birds",
    )
    assert refusals.translated("manifest.csv, line 3: a.png is empty.") == "manifest.csv, Zeile 3: a.png ist leer."
    assert refusals.translated("task.json, output: There are 12 classes.") == "task.json, output: Es gibt 12 Klassen."
    assert refusals.translated("birds: nobody ever said this.") == "birds: nobody ever said this."


def test_english_is_left_alone() -> None:
    assert refusals.translated("The picture is empty.") == "The picture is empty."


def test_a_bad_address_is_refused_in_the_language_of_the_page_and_written_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = turn(app_at("predict"), "predict", task="digits", sample="test-0136", on="smell", lang="de").run()
    healthy(app)
    assert "Es gibt keine Modalität 'smell'" in sentences(app).replace("\\", "")
    lines = [record.getMessage() for record in caplog.records if record.name == "mmlab.app"]
    assert lines == ["Refused on predict (UnknownName): There is no modality 'smell'."]


def written(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *messages: str) -> list[str]:
    """What stands in the log after these refusals of one visitor."""
    monkeypatch.setattr("streamlit.session_state", {})
    with caplog.at_level(logging.WARNING, "mmlab.app"):
        for message in messages:
            refusal_log.note("predict", MmlabError(message, "Not written."))
    return [record.getMessage() for record in caplog.records]


def test_the_log_holds_one_short_line_whatever_a_file_is_called_or_quoted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    private = "what somebody wrote to somebody else about a third person"
    name = "n" * 300 + ".png"
    lines = written(monkeypatch, caplog, f"line 3: '{private}' is not a number.", f"{name} is\nempty.", "word " * 90)
    assert lines[0] == "Refused on predict (MmlabError): line 3: 'what somebody wrote to somebody…' is not a number."
    assert lines[1] == f"Refused on predict (MmlabError): {'n' * 31}… is empty."
    assert all(len(line) < 300 and "\n" not in line and "Not written" not in line for line in lines)


def test_a_refusal_is_written_down_once_for_a_visitor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(written(monkeypatch, caplog, "It is empty.", "It is empty.", "It is cut off.")) == 2


def test_somebody_who_brings_one_wrong_file_after_the_other_does_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lines = written(monkeypatch, caplog, *(f"{i} is empty." for i in range(3 * refusal_log.MOST)))
    assert len(lines) == refusal_log.MOST + 1
    assert "left out" in lines[-1]
