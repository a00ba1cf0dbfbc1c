"""The views below the Bench: for the same sample, each opened by its address, only the open one computed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core.outputs import Prediction
from mmlab.ui.pages.predict.views import SWITCH, VIEWS
from mmlab.ui.session import cache
from mmlab.ui.session.url_state import InputCorruption
from tests.apps import address, app_at, captions, healthy, html, sentences, show_library
from tests.library import measured

ANSWERS = 'class="mm-table mm-answers"'
SAMPLE = {"task": "digits", "sample": "test-0004", "methods": "joint.dmrnet"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root, "digits", "joint", "dmrnet")
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these models, and nothing kept from the test before."""
    show_library(monkeypatch, models)


def opened(view: str, **more: str) -> AppTest:
    app = app_at("predict", 120, **SAMPLE, view=view, **more).run()
    healthy(app)
    return app


def boards(app: AppTest) -> list[str]:
    """What the components of the page show."""
    found = [json.loads(each.proto.json) for each in app.get("bidi_component") if each.proto.json]
    return [str(each["html"]) for each in found if "html" in each]


def test_the_answers_come_first_and_an_unknown_view_is_the_first_one() -> None:
    assert ANSWERS in html(opened("answer"))
    assert ANSWERS in html(opened("nonsense"))


def test_what_a_browser_says_of_controls_that_it_drew_empty_changes_nothing() -> None:
    """It takes two runs as one when it is slow; the second sets nothing anew."""
    app = opened("damage")
    (views,) = [each for each in app.get("button_group") if each.key == SWITCH]
    views.set_value(None)
    healthy(app.run())
    assert address(app, "view") == "damage"


def test_a_switch_that_is_drawn_late_starts_as_the_address_says_it_is() -> None:
    app = opened("answer", on="image-pen")
    for _ in range(2):
        assert [switch.proto.default for switch in app.toggle] == [True, False, True]
        app.run()


def test_switches_that_are_turned_within_one_run_are_all_turned() -> None:
    app = opened("answer", on="image-pen")
    app.toggle[0].set_value(False)
    app.toggle[2].set_value(False)
    app.run()
    assert address(app, "on") == "none"
    assert [switch.value for switch in app.toggle] == [False, False, False]
    assert sentences(app).count("No input is switched on.") == 1
    app.toggle[1].set_value(True)
    app.toggle[2].set_value(True)
    healthy(app.run())
    assert address(app, "on") == "sound-pen"


def test_where_each_model_looks_has_a_map_per_input_that_is_on_and_says_whether_it_was_checked() -> None:
    app = opened("looks", on="image-sound")
    shown = html(app)
    assert shown.count("Attribution map of Image") == 2
    assert shown.count("Attribution map of Sound") == 2
    assert "Attribution map of Pen" not in shown
    assert shown.count("Not checked yet whether this map can be believed") == 2
    assert ANSWERS not in shown, "only the open view is there"


def test_the_path_of_the_sample_is_drawn_for_each_model_by_the_map_that_is_at_once_there() -> None:
    app = opened("path")
    titles = [each.value for each in app.markdown]
    assert [title for title in titles if title.endswith(", PCA")] == ["**Joint training**, PCA", "**DMRNet**, PCA"]


def test_corruption_shows_other_answers_where_an_input_is_corrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models here are untrained; a severity is told by the share that its answers are given."""
    answers = cache.answers

    def told(reference: object, sample: str, corruptions: tuple[InputCorruption, ...]) -> dict[str, Prediction]:
        share = 0.5 + 0.07 * sum(each.severity for each in corruptions)
        return {
            key: replace(each, probabilities=dict.fromkeys(each.probabilities, share))
            for key, each in answers(reference, sample, ()).items()
        }

    monkeypatch.setattr(cache, "answers", told)
    table = next(found for found in boards(opened("damage")) if "Severity 5, " in found)
    rows = [re.findall(r"(\d+)(?: |&nbsp;)%</td>", row) for row in table.split("<tr>")[2:]]
    assert rows == [["50", "57", "64", "71", "78", "85"]] * 2


def test_corruption_asks_for_the_answers_at_every_severity_and_keeps_the_one_that_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    answers = cache.answers
    monkeypatch.setattr(cache, "answers", lambda *given: asked.append(given[2]) or answers(*given))
    app = opened("damage", damage="sound:noise:2")
    severities = {corruptions[0].severity if corruptions else 0 for corruptions in asked}  # type: ignore[index]
    assert severities == {0, 1, 2, 3, 4, 5}
    table = next(found for found in boards(app) if "Severity 5, " in found)
    assert 'data-pick="2" aria-pressed="true"' in table
    assert 'data-pick="5" aria-pressed="false"' in table


def test_nothing_switched_on_leaves_the_line_of_views_and_one_sentence() -> None:
    for view in VIEWS:
        app = opened(view, on="none")
        assert sentences(app).count("No input is switched on.") == 1


def test_the_open_view_stands_in_the_address() -> None:
    app = opened("answer")
    next(each for each in app.get("button_group") if each.key == "bench.view").set_value("looks").run()
    healthy(app)
    assert address(app, "view") == "looks"


def timelines(app: AppTest) -> list[dict[str, object]]:
    """What the components for dragging over a timeline show: one behind the button of an input, one below the Bench."""
    found = [json.loads(each.proto.json) for each in app.get("bidi_component") if each.proto.json]
    return [each for each in found if "shares" in each]


def test_a_blanked_stretch_is_shown_on_its_timeline_and_elsewhere_in_the_table() -> None:
    app = opened("damage", damage="pen:blanked:20-60")
    assert [each["shares"] for each in timelines(app)] == [[0.2, 0.6], [0.2, 0.6]]
    table = next(found for found in boards(app) if "Nothing blanked" in found)
    for stretch in ("20-60", "0-40", "15-55", "30-70", "45-85", "60-100"):
        assert f'data-pick="{stretch}" aria-pressed="{str(stretch == "20-60").lower()}"' in table
    given = "Still given, with a stretch blanked: a lifted pen from 20 to 60 of 100 % of the way."
    assert given in [each.value for each in app.caption]


def test_a_stretch_is_chosen_with_the_slider_and_changes_the_answer() -> None:
    app = opened("damage", damage="pen:blanked:20-60", on="pen")
    before = html(app)
    (slider,) = [each for each in app.slider if each.key == "blanked.pen.range"]
    healthy(slider.set_value((0.0, 90.0)).run())
    assert address(app, "damage") == "pen:blanked:0-90"
    assert html(app) != before
    (other,) = [each for each in app.slider if each.key == "severities.blanked.digits.pen.range"]
    assert other.value == (0.0, 90.0)
    healthy(other.set_value((40.0, 40.0)).run())
    assert address(app, "damage") == "", "nothing is blanked"


def test_a_blanked_stretch_begins_in_the_middle_of_the_recording() -> None:
    app = opened("answer")
    healthy(app.selectbox(key="corruption.pen").set_value("blanked").run())
    assert address(app, "damage") == "pen:blanked:34-67"


def test_what_is_blanked_whole_cannot_be_read_and_counts_as_missing() -> None:
    app = opened("damage", damage="sound:blanked:0-9")
    assert "silent" in sentences(app)
    assert [each["shares"] for each in timelines(app)] == [[0.0, 1.0], [0.0, 1.0]], "it can be given back"


def test_maps_over_time_show_where_the_stretch_is_blanked() -> None:
    app = opened("looks", damage="sound:blanked:0.2-0.5", on="image-sound")
    assert html(app).count("Attribution map of Sound: brighter is more; the blanked stretch is hatched") == 2
    assert "Attribution map of Image: brighter is more;" not in html(app)


def test_explain_says_what_is_blanked_and_whether_the_model_sees_it() -> None:
    app = app_at("explain", 120, **SAMPLE, damage="sound:blanked:0.2-0.5,pen:blanked:0-30").run()
    healthy(app)
    assert html(app).count("the blanked stretch is hatched") > 1, "on the map, and with and without another input"
    assert "silence from 0.20 to 0.50 of 0.88 seconds. It is hatched." in captions(app)
    assert "from 0 to 30 of 100 % of the way. Nothing of it is in what the model sees." in captions(app)
