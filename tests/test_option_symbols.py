"""The letters of options: those of the formulas in docs/methods.md, and shown wherever options are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmlab.core.method import METHODS
from mmlab.core.options import describe, in_words
from mmlab.core.training_plan import Plan
from tests.apps import app_at, healthy, html, show_library
from tests.library import untrained

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "methods.md"
LATEX = {"α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "η": r"\eta", "λ": r"\lambda", "ρ": r"\rho", "τ": r"\tau"}
LATEX |= {"₁": "_1", "₂": "_2"}
LETTERED = [name for name in METHODS if any(item.symbol for item in describe(METHODS[name].Config))]


def section(title: str) -> str:
    """What docs/methods.md says under the heading of a method, up to the next heading that is as high."""
    text = DOCUMENT.read_text("utf-8")
    found = re.search(rf"^(#+) [\d.]+ {re.escape(title)}$", text, re.MULTILINE)
    assert found is not None, title
    end = re.search(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], re.MULTILINE)
    return text[found.end() :][: end.start() if end else None]


@pytest.mark.parametrize("name", LETTERED)
def test_every_letter_stands_in_the_formulas_of_its_method_and_means_one_thing(name: str) -> None:
    letters = [item.symbol for item in describe(METHODS[name].Config) if item.symbol]
    assert len(set(letters)) == len(letters)
    text = section(METHODS[name].title)
    for letter in letters:
        forms = {letter, "".join(LATEX.get(sign, sign) for sign in letter)}
        assert any(re.search(rf"(?<![A-Za-z\\]){re.escape(form)}(?![A-Za-z])", text) for form in forms), letter


def test_what_the_papers_weigh_has_its_letter() -> None:
    letters = {name: {item.symbol for item in describe(METHODS[name].Config)} - {""} for name in LETTERED}
    assert {"α", "β"} <= letters["dmrnet"]
    assert letters["mmanet"] == {"λ₁", "λ₂"}
    assert {"τ", "ρ", "η", "γ_c", "γ_u", "γ_a", "γ_e"} <= letters["m3ixup"]
    assert {"τ", "T"} <= letters["dimml"]
    assert letters["ogm_ge"] == {"α"}
    assert letters["mmpareto"] == {"γ"}
    assert {item.name: item.symbol for item in describe(Plan) if item.symbol} == {"batch_size": "B", "embedding": "D"}
    assert in_words(describe(METHODS["ogm_ge"].Config)[0]) == "alpha (α)"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    untrained(tmp_path, "digits", "dmrnet", plan={"epochs": 3, "batch_size": 64})
    show_library(monkeypatch, tmp_path)
    return tmp_path


def test_train_names_the_letter_beside_each_field_and_says_what_it_means(library: Path) -> None:
    app = app_at("train", 120, task="digits").run()
    app.selectbox(key="train.digits.method").set_value("dmrnet").run()
    healthy(app)
    labels = [each.label for each in app.number_input]
    assert {"Alpha (α)", "Hard (β)", "Batch size (B)"} <= {label.replace("\\", "") for label in labels}
    assert any("Weight of the hard-combination loss" in each.value for each in app.caption)


def test_the_model_card_names_letter_value_and_meaning_of_every_setting(library: Path) -> None:
    app = app_at("library", 120, task="digits").run()
    healthy(app)
    shown = html(app)
    assert '<th scope="row">hard</th><td>β</td><td>0.3</td><td>0.3</td>' in shown
    assert '<tr class="mm-top"><th scope="row">batch_size</th><td>B</td><td>64</td><td>128</td>' in shown
