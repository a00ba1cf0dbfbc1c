"""A folder of one's own goes everywhere that a task goes: the example of docs/own-data.md, and every kind of answer.

The commands are those of the document, so that it stays true.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.cli.app import main
from mmlab.core.method import METHODS
from mmlab.core.options import describe
from mmlab.core.task import TASKS
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.example_folder import TASK
from mmlab.tasks.custom.input_kinds import kinds
from mmlab.tasks.custom.task_json import COLUMNS, KEYS
from mmlab.ui.components import page_frame
from mmlab.ui.pages.dominance.page import SECTIONS as ASPECTS
from mmlab.ui.pages.robustness.page import SECTIONS
from tests import hostile_names
from tests.apps import app_at, turn
from tests.folders import apart, films, gate, lesions, prices

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "own-data.md").read_text("utf-8")
FAILED = "Something went wrong"
Command = Callable[..., str]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folders, models, recordings and cached splits but those of the test."""
    monkeypatch.setenv(locations.VARIABLE, "")
    for name in ("CACHE", "CHECKPOINTS", "DATA"):
        monkeypatch.setenv(f"MMLAB_{name}", str(tmp_path / name.lower()))
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line; gives back what was printed."""

    def command(*words: str) -> str:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        assert code == 0, printed
        return printed.out

    return command


class Visitor:
    """Somebody who goes from page to page of one task, and complains where one is broken."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.app = app_at("home")

    def read(self, path: str, **fields: str) -> str:
        """What a page says."""
        turn(self.app, path)
        for name, value in {"task": self.task, **fields}.items():
            self.app.query_params[name] = value
        self.app.run()
        found = said(self.app)
        assert not self.app.exception, (path, fields, [each.value for each in self.app.exception])
        assert FAILED not in found, (path, fields)
        assert not hostile_names.active(self.app), (path, fields)
        return found

    def read_all(self) -> dict[str, str]:
        """Every page, and every section of those that have some."""
        for section in SECTIONS:
            self.read("robustness", section=section)
        for aspect in ASPECTS:
            self.read("dominance", aspect=aspect)
        return {page.name: self.read(page.name, section="", aspect="") for page in page_frame.pages()}


def said(app: AppTest) -> str:
    shown = [element.value for element in (*app.caption, *app.markdown, *app.info, *app.warning, *app.error)]
    return " ".join([*shown, *(element.proto.body for element in app.get("html"))])


def blocks(language: str = "") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def commands() -> list[list[str]]:
    """Those of the worked example, without the comments."""
    lines = [shlex.split(line, comments=True) for line in blocks()[0].strip().splitlines()]
    assert all(words[:3] == ["python", "-m", "mmlab"] for words in lines)
    return [words[3:] for words in lines]


def test_the_document_says_what_there_is() -> None:
    assert json.loads(blocks("json")[0]) == TASK
    for name in (*KEYS, *COLUMNS):
        assert f"`{name}`" in DOCUMENT, name
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCUMENT.split("### The inputs")[1], re.MULTILINE))
    assert set(rows) == set(kinds())
    for name, kind in kinds().items():
        for option in describe(kind):
            default = {
                "columns": "",
                "colour": " false",
                "standardise": " true",
                "pooled": " false",
                "padded": " false",
                "beside": " none",
            }.get(option.name, f" {option.default}")
            assert f"`{option.name}`{default}" in rows[name], (name, option.name)


@pytest.mark.slow
def test_the_worked_example_goes_through_everything(tmp_path: Path, run: Command) -> None:
    folder, printed = str(tmp_path / "mine"), {}
    for words in commands():
        quick = ["--plan", "epochs=2"] if words[0] == "train" else []
        printed[words[0]] = run(*[folder if word == "mine" else word for word in words], *quick)
    manifest = (tmp_path / "mine" / "manifest.csv").read_text("utf-8")
    assert manifest.startswith(blocks()[2]), "the document shows other lines"
    assert "Ready for training" in printed["check"]
    assert "photo-voice-pen-shape" in printed["evaluate"]
    assert "as they are" in printed["evaluate"]
    assert "| Modality dropout" in printed["compare"]
    assert "numerals" in run("list")
    sample = tmp_path / "mine" / "photo" / "test-0001.png"
    answers = json.loads(
        run("predict", "--task", folder, "--method", "dropout", "--input", f"photo={sample}", "--json")
    )
    assert list(answers["combinations"]) == ["photo"]
    run("grid", "--tasks", folder, "--methods", "joint", "--seeds", "1", "--plan", "epochs=1", "--processes", "1")
    run("dominance", "--task", folder, "--method", "dropout")
    visitor = Visitor("numerals")
    pages = visitor.read_all()
    assert "Numerals" in pages["overview"]
    assert "Only the 11 of 28 test samples that have every input are compared." in pages["robustness"]
    assert "Not given: it counts as missing." in visitor.read("predict", sample=lacking("voice"))


def lacking(name: str) -> str:
    """The id of a test sample of the example that lacks an input by nature."""
    samples = TASKS["numerals"]().samples("test")
    place = list(samples.inputs).index(name)
    return next(found for found, row in zip(samples.ids, samples.present.tolist(), strict=True) if not row[place])


@pytest.mark.slow
@pytest.mark.parametrize("make", [lesions, prices, gate, films], ids=["regions", "a-number", "one-may-pass", "labels"])
def test_every_kind_of_answer_goes_everywhere(
    make: Callable[[Path], Path], tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(make(tmp_path / "own"))
    if make is gate:  # names that try to work as Markdown, HTML or addresses do so on no page
        hostile_names.let_in(monkeypatch)
        hostile_names.hostile(Path(folder))
    assert json.loads(run("check", folder, "--json"))["errors"] == 0
    for method in ("dropout", "gmd"):
        run("train", "--task", folder, "--method", method, "--plan", "epochs=2")
    found: dict[str, Any] = json.loads(run("evaluate", "--task", folder, "--method", "gmd", "--json"))
    assert found["as_they_are"]
    assert all(0 < share < 0.5 for share in found["missing"].values())
    run("compare", "--task", folder)
    visitor = Visitor(make.__name__)
    visitor.read_all()
    visitor.read("explain", methods="gmd")
    for method in ("dropout", "gmd"):
        visitor.read("methods", method=method)
    if make is films:
        one_label_is_looked_at(visitor, run, folder)


def one_label_is_looked_at(visitor: Visitor, run: Command, folder: str) -> None:
    """Where several labels hold at once, one of them can be chosen; views of single classes say that they are."""
    visitor.read("robustness", section="certainty", label="war")
    assert ("Label", "war") in {(box.label, box.value) for box in visitor.app.selectbox}
    assert "not war" in visitor.read("embed", colour="label", label="war", part="map")
    visitor.read("explain", target="3", section="", label="")
    for method in ("mmanet", "dimml"):
        run("train", "--task", folder, "--method", method, "--plan", "epochs=2")
    assert "one class of each sample; there is none" in visitor.read("methods", method="mmanet")
    assert "Only of DI-MML with one class as its answer" in visitor.read("methods", method="dimml")
    assert "only classification, detection" in visitor.read("methods", method="ogm_ge")


@pytest.mark.slow
def test_a_number_is_learned_on_a_scale_of_any_size(tmp_path: Path, run: Command) -> None:
    folder = str(prices(tmp_path / "own"))
    run("train", "--task", folder, "--method", "dropout", "--plan", "epochs=60")
    found = json.loads(run("evaluate", "--task", folder, "--method", "dropout", "--json"))
    truth = TASKS["prices"]().samples("test").target
    constant = float((truth - truth.median()).abs().mean())
    assert found["as_they_are"]["mae"] < constant / 2
    (tmp_path / "words.txt").write_text("dear huge")
    given = f"words={tmp_path / 'words.txt'}"
    answer = run("predict", "--task", folder, "--method", "dropout", "--input", given, "--json")
    assert re.search(r'"answer": "[1-9]\d{4}"', answer), "digits that fit the scale"


@pytest.mark.slow
def test_where_no_sample_is_complete_it_is_said_and_nothing_breaks(tmp_path: Path, run: Command) -> None:
    folder = str(apart(tmp_path / "own"))
    run("grid", "--tasks", folder, "--seeds", "1", "--plan", "epochs=1", "--processes", "1")
    able = [name for name in METHODS if not METHODS[name].unsupported_reason(TASKS["apart"]().info)]
    run(
        "train", "--task", folder, "--method", "dropout", "--plan", "epochs=1", "--plan", "select=full", "--tag", "full"
    )
    shown = run("evaluate", "--task", folder, "--method", "gmd")
    line = next(line for line in shown.splitlines() if line.startswith("one-far "))
    assert line.split() == ["one-far", *["-"] * 4, "0"]
    run("compare", "--task", folder)
    visitor = Visitor("apart")
    pages = visitor.read_all()
    assert r"No test sample has all inputs of One \+ Far" in pages["compare"]
    assert "no test sample has what this takes" in pages["overview"]
    assert pages["robustness"].count("No test sample has every input") == 1
    for method in able:
        visitor.read("methods", method=method)
        visitor.read("explain", methods=method)
