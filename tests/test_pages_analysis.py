"""Explain as a person uses it, with models that never learned anything and a small measured test set."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import mmlab.analysis.attribution.registry
from mmlab.core.batch import Samples
from mmlab.core.task import TASKS
from mmlab.inference.sweep import sweep
from mmlab.storage import checkpoints, sweep_file
from mmlab.ui.bar.samples import OPEN
from mmlab.ui.inputs.sample_picker import TAB, TABS
from mmlab.ui.pages.explain import page
from mmlab.ui.session import cache
from tests.apps import address, app_at, captions, html, sentences, show_library
from tests.library import untrained
from tests.unpacked import pack

ROOT = Path(__file__).resolve().parent.parent
PACK = pack("digits")
SHIPPED, STRANGE = 20, "test-0999"


def measured(root: Path) -> None:
    """Untrained models with sweeps of the first shipped samples and one that does not ship."""
    task = TASKS["digits"]()
    examples = [task.example(name) for name in task.gallery()[: SHIPPED + 1]]
    names = task.info.modalities.names
    inputs = {name: torch.stack([task.prepare(name, e.raw[name]).tensor for e in examples]) for name in names}
    ids = (*task.gallery()[:SHIPPED], STRANGE)
    present = torch.ones(len(ids), 3, dtype=torch.bool)
    samples = Samples(inputs, present, torch.tensor([e.target for e in examples]), ids, ids)
    for reference in untrained(root, "digits", "joint", "dmrnet"):
        folder = Path(reference.path)
        loaded = checkpoints.load(folder)
        found = sweep(loaded.method, samples, digest=loaded.digest)
        sweep_file.write(folder, found)
        report = {"digest": loaded.digest, "headline": "accuracy", "sources": {}}
        (folder / "report.json").write_text(json.dumps(report))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root)
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    show_library(monkeypatch, models)
    yield models
    st.cache_resource.clear()


def opened(path: str, **address: str) -> AppTest:
    app = app_at(path, 60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def explain(**address: str) -> AppTest:
    return opened("explain", **{"lattice": "dmrnet", "sample": "test-0000", **address})


def brought(app: AppTest) -> AppTest:
    """The page after a picture was uploaded."""
    app.session_state[OPEN], app.session_state[TAB] = True, TABS[1]
    uploader = app.run().file_uploader(key="bring.digits.image.File")
    return uploader.upload("a.png", (PACK / "test-0001.png").read_bytes(), "image/png").run()


# Explain


def test_explain_shows_a_map_and_a_part_for_each_input() -> None:
    app = explain()
    assert not app.exception
    assert not sentences(app)
    shown = html(app)
    for label in ("Image", "Sound", "Pen"):
        assert f"Attribution map of {label}" in shown
    assert captions(app).count("of the net effect comes through it") == 3
    assert shown.count("Change of the attribution map") == 2


def test_an_absent_input_is_an_explained_zero() -> None:
    app = explain(on="image-sound")
    assert not app.exception
    assert "its map is empty and exactly 0 % comes through it" in captions(app)
    assert "Pen is off" in html(app)
    assert captions(app).count("of the net effect comes through it") == 2


def test_a_toggle_explains_nothing_anew_while_the_answer_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    entry = mmlab.analysis.attribution.registry.EXPLAINERS["gradcam"]

    def counted(*given: Any) -> Any:
        calls.append(given)
        return entry.explain(*given)

    monkeypatch.setitem(
        mmlab.analysis.attribution.registry.EXPLAINERS._items, "gradcam", dataclasses.replace(entry, explain=counted)
    )
    app = explain(target="3")
    first = html(app)
    app.toggle(key="on.pen").set_value(False).run()
    app.toggle(key="on.sound").set_value(False).run()
    assert len(calls) == 1, "all combinations together"
    assert html(app) != first
    assert address(app, "on") == "image"


def test_the_explained_answer_can_be_chosen() -> None:
    app = explain()
    box = app.selectbox(key="target")
    assert box.options[0].startswith("Predicted now: ")
    assert box.options[1] == "The right answer: 5"
    assert box.options[2:] == list("0123456789")
    first = html(app)
    box.set_value("7").run()
    assert address(app, "target") == "7"
    assert html(app) != first
    again = explain(target="7")
    assert again.selectbox(key="target").value == "7"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"target": "99"}, "cannot be explained here"),
        ({"target": "truthful"}, "cannot be explained here"),
        ({"without": "smell"}, ""),
        ({"on": "none"}, "No input is switched on."),
        ({"sample": "test-9999"}, "test-9999"),
        ({"lattice": "nonsense"}, ""),
    ],
)
def test_explain_says_what_the_address_gets_wrong(fields: dict[str, str], sentence: str) -> None:
    app = explain(**fields)
    assert not app.exception
    assert not app.error
    if sentence:
        assert sentence.replace("-", "\\-") in sentences(app) or sentence in sentences(app)


def test_one_input_alone_cannot_be_compared_with_itself() -> None:
    app = explain(on="sound", without="sound")
    assert not app.exception
    assert [chr_.value for chr_ in app.get("button_group") if chr_.key == "without"] == ["pen"]


def test_what_a_person_brings_is_explained_with_what_is_missing() -> None:
    app = brought(explain())
    assert not app.exception
    assert captions(app).count("Not given: exactly 0 % comes through it.") == 2
    assert "This needs two inputs that are present." in captions(app)


def test_the_parts_come_as_numbers() -> None:
    reference = cache.library().find("digits", "dmrnet")
    found = cache.attribution(reference, "test-0002", (), 4)
    rows = list(csv.DictReader(io.StringIO(page.as_csv(found, cache.task("digits").info).decode())))
    assert len(rows) == 21
    for key in found.shares:
        assert sum(float(row["part"]) for row in rows if row["combination"] == key) == pytest.approx(1, abs=1e-4)
        assert sum(float(row["net part"]) for row in rows if row["combination"] == key) == pytest.approx(1, abs=1e-4)
    assert {row["part"] for row in rows if row["combination"] == "image" and row["input"] == "pen"} == {"0"}
