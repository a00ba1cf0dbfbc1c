"""The sandboxes: data of known truth, two gradients to drag, and the facts that lessons ask of them."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core.errors import UnknownName
from mmlab.experiments import synthetic_validation
from mmlab.lessons.fact import FACTS, Finding
from mmlab.lessons.lesson import Ask
from mmlab.ui.components import draggable_arrows
from mmlab.ui.pages.sandbox import gradient_arrows
from tests.apps import address, app_at, healthy, html


def opened(play: str, **fields: str) -> AppTest:
    app = app_at("sandbox", 120)
    for name, value in {"play": play, "task": "digits", "lattice": "dropout", **fields}.items():
        app.query_params[name] = value
    return app.run()


def boards(app: AppTest) -> str:
    return " ".join(str(json.loads(each.proto.json)["html"]) for each in app.get("bidi_component"))


def said(app: AppTest) -> str:
    return " ".join(each.value for each in (*app.caption, *app.markdown, *app.info, *app.warning))


def found(name: str, **fields: str) -> Finding:
    """What a fact finds; none of those here looks at a model of the library."""
    return FACTS[name].find(Ask(name, **fields), None)  # type: ignore[arg-type]


def test_truth_stands_beside_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_validation, "EPOCHS", 1)
    app = opened("truth", ground="unique")
    healthy(app)
    assert re.search(r"\*\*\d+ of \d+\*\* measures find the truth", said(app))
    assert "Left adds 1/2 of the 1" in html(app)


def test_arrows_stand_in_the_address_and_can_be_dragged() -> None:
    app = opened("arrows", arrows="120:1.0:2.0")
    assert "A step along the plain sum" in said(app) or "still helps both" in said(app)
    assert any("-0.50" in each.value for each in app.latex)
    app.slider(key="sandbox.arrows.angle").set_value(60).run()
    assert address(app, "arrows") == "60:1.0:2.0"
    assert "do not conflict" in said(app)
    drawing = boards(app)
    assert all(f'data-drag="{name}"' in drawing for name in ("first", "second"))
    healthy(opened("arrows", arrows="999:9.9:0.0"))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((1, 0), (0, 2), "90:1.0:2.0"),
        ((0, 1), (0, -2), "180:1.0:2.0"),
        ((-1, 0), (0, -1), "90:1.0:1.0"),
        ((0.001, 0), (9, 9), "45:0.1:3.0"),
    ],
)
def test_dragged_arrows_become_lengths_and_an_angle(
    first: tuple[float, float], second: tuple[float, float], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: dict[str, str] = {}
    monkeypatch.setattr(gradient_arrows.url_state, "put", put.update)
    monkeypatch.setattr(gradient_arrows.st, "session_state", {})
    gradient_arrows._moved(first, second)
    assert put == {"arrows": expected}


@pytest.mark.parametrize("text", [None, "", "1 2 3", "1 2 3 nan", "1 2 3 inf", "a b c d", "1 2 3 1e9"])
def test_what_the_browser_sends_is_checked(text: object) -> None:
    assert draggable_arrows.parsed(text, 3.0) is None


def test_arrows_from_the_browser() -> None:
    assert draggable_arrows.parsed("1.0 0.5 -2 0", 3.0) == ((1.0, 0.5), (-2.0, 0.0))


def test_gradients_of_the_stored_model_can_be_taken_over() -> None:
    app = opened("arrows")
    app.toggle(key="sandbox.real").set_value(True).run()
    healthy(app)
    next(button for button in app.button if button.label == "Use these").click().run()
    healthy(app)
    assert re.fullmatch(r"\d{1,3}:\d\.\d:\d\.\d", address(app, "arrows"))


@pytest.mark.parametrize(
    ("old", "play", "ground"),
    [
        ({"aspect": "arrows", "arrows": "120:1.0:2.0"}, "arrows", ""),
        ({"aspect": "truth"}, "truth", ""),
        ({"aspect": "truth", "ground": "synergy"}, "truth", "synergy"),
        ({"aspect": "truth", "lesson": "unique"}, "truth", "unique"),
        ({"aspect": "truth", "ground": "synergy", "task": "opinion"}, "truth", "synergy"),
    ],
)
def test_an_address_of_old_on_dominance_leads_to_the_sandbox(
    old: dict[str, str], play: str, ground: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic_validation, "EPOCHS", 1)
    app = app_at("dominance", 120)
    for name, value in {"task": "digits", **old}.items():
        app.query_params[name] = value
    app.run()
    healthy(app)
    assert "<h1>Sandboxes</h1>" in html(app)
    assert (address(app, "play"), address(app, "ground")) == (play, ground)
    assert address(app, "arrows") == old.get("arrows", "")
    assert not address(app, "lesson")


@pytest.mark.parametrize(
    ("arrows", "meet", "plain", "kept"),
    [
        ("60:1.0:1.0", "agree", "none", "none"),
        ("90:1.0:2.0", "agree", "none", "none"),  # a right angle is no conflict
        ("135:1.0:1.0", "conflict", "none", "none"),  # 1 + cos 135 > 0
        ("135:1.0:2.0", "conflict", "first", "none"),  # 1 + 2 cos 135 < 0
        ("135:2.0:1.0", "conflict", "second", "none"),
    ],
)
def test_what_is_said_of_two_gradients_follows_by_hand(arrows: str, meet: str, plain: str, kept: str) -> None:
    assert found("gradients_meet", arrows=arrows).key == meet
    assert found("sum_against", arrows=arrows).key == plain
    assert found("kept_against", arrows=arrows).key == kept


def test_what_the_sandboxes_do_not_hold_is_said() -> None:
    for name, fields in (
        ("gradients_meet", {"arrows": "wide"}),
        ("measures_hold", {"ground": "never"}),
        ("known_number", {"ground": "unique", "measure": "shapley:right", "of": "middle"}),
    ):
        with pytest.raises(UnknownName):
            found(name, **fields)


@pytest.mark.slow
def test_a_network_finds_what_is_known_of_a_copy_and_of_exclusive_or() -> None:
    assert found("known_alone", ground="unique").key == "left"
    assert found("known_side", ground="unique", measure="shapley:right").key == "left"
    assert found("known_alone", ground="synergy").key == "none"
    assert found("known_side", ground="synergy", measure="shapley:right").key == "none"
