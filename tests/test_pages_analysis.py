"""Explain and Embed as a person uses them, with models that never learned anything and a small measured test set."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

import mmlab.analysis.attribution
from mmlab import checkpoints, sweeps
from mmlab.analysis import maps
from mmlab.core.batch import Samples
from mmlab.core.task import TASKS
from mmlab.evaluation import sweep
from mmlab.ui import cache, explaining, space
from mmlab.ui.widgets import TAB, TABS
from tests.library import untrained

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "mmlab" / "samples" / "digits" / "pack"
SHIPPED, STRANGE = 20, "test-0999"


def measured(root: Path) -> None:
    """Untrained models with sweeps of the first shipped samples and one that does not ship; only DMRNet has a map."""
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
        sweeps.write(folder, found)
        report = {"digest": loaded.digest, "headline": "accuracy", "sources": {}}
        (folder / "report.json").write_text(json.dumps(report))
        if reference.method == "dmrnet":
            made = maps.of_pca(found)
            picture = dataclasses.replace(made.projection, kind="umap")
            maps.write_map(folder, dataclasses.replace(made, projection=picture))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root)
    return root


@pytest.fixture(autouse=True)
def library(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(models))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield models
    st.cache_resource.clear()


def opened(path: str, **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page(path)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def explain(**address: str) -> AppTest:
    return opened("pages/explain.py", **{"lattice": "dmrnet", **address})


def embed(**address: str) -> AppTest:
    return opened("pages/embed.py", **{"lattice": "dmrnet", **address})


def sentences(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.warning, *app.info, *app.error))


def captions(app: AppTest) -> str:
    return " ".join(element.value for element in app.caption)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def figures(app: AppTest) -> list[Any]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def count(trace: dict[str, Any]) -> int:
    """How many points a trace has; arrays travel as base64."""
    x = trace["x"]
    return len(np.frombuffer(base64.b64decode(x["bdata"]), x["dtype"])) if isinstance(x, dict) else len(x)


def outlines(figure: dict[str, Any]) -> int:
    """How many ellipses are drawn."""
    return sum(trace["mode"] == "lines" and count(trace) == 48 for trace in figure["data"])


def address(app: AppTest, name: str) -> str:
    found = app.query_params.get(name, "")
    return found if isinstance(found, str) else found[0]


def brought(app: AppTest) -> AppTest:
    """The page after a picture was uploaded."""
    app.session_state[TAB] = TABS[1]
    uploader = app.run().file_uploader(key="bring.digits.image.File")
    return uploader.upload("a.png", (PACK / "test-0001.png").read_bytes(), "image/png").run()


# Explain


def test_explain_shows_a_map_and_a_part_for_each_input() -> None:
    app = explain()
    assert not app.exception
    assert not sentences(app)
    shown = html(app)
    for label in ("Image", "Sound", "Pen"):
        assert f"Where the model looks in {label}" in shown
    assert captions(app).count("of the evidence comes through it") == 3
    assert shown.count("Change of where the model looks") == 2


def test_an_absent_input_is_an_explained_zero() -> None:
    app = explain(on="image-sound")
    assert not app.exception
    assert "its map is empty and its part is exactly 0 %" in captions(app)
    assert "Pen is off" in html(app)
    assert captions(app).count("of the evidence comes through it") == 2


def test_a_toggle_explains_nothing_anew_while_the_answer_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    entry = mmlab.analysis.attribution.EXPLAINERS["gradcam"]

    def counted(*given: Any) -> Any:
        calls.append(given)
        return entry.run(*given)

    monkeypatch.setitem(mmlab.analysis.attribution.EXPLAINERS, "gradcam", dataclasses.replace(entry, run=counted))
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
    assert box.options[0].startswith("Its answer now: ")
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
    assert captions(app).count("Not given: its part is exactly 0 %.") == 2
    assert "This needs two inputs that are there." in captions(app)


def test_the_parts_come_as_numbers() -> None:
    reference = cache.library().find("digits", "dmrnet")
    found = cache.attribution(reference, "test-0002", (), 4)
    rows = list(csv.DictReader(io.StringIO(explaining.as_csv(found, "4").decode())))
    assert len(rows) == 21
    for key in found.shares:
        assert sum(float(row["part"]) for row in rows if row["combination"] == key) == pytest.approx(1, abs=1e-4)
    assert {row["part"] for row in rows if row["combination"] == "image" and row["input"] == "pen"} == {"0"}


# Embed


def test_embed_shows_the_map_and_the_path_of_the_sample() -> None:
    app = embed()
    assert not app.exception
    assert not sentences(app)
    whole, path = figures(app)
    assert sum(count(trace) for trace in whole["data"]) == 7 * (SHIPPED + 1)
    assert "distances mean little" in captions(app)
    assert "two standard deviations" in captions(app)
    assert outlines(path) == 7
    assert "likeness to all inputs" in html(app)
    assert "umap" not in sys.modules


def test_a_method_without_variance_says_so_and_without_a_map_shows_pca() -> None:
    app = embed(lattice="joint")
    assert not app.exception
    assert "no map yet" in sentences(app)
    assert "gives no variance" in captions(app)
    assert "of the spread" in figures(app)[0]["layout"]["xaxis"]["title"]["text"]
    assert "Variance" not in [option.content for group in app.get("button_group") for option in group.proto.options]


@pytest.mark.parametrize(("colour", "traces"), [("class", 10), ("combination", 7), ("answer", 2), ("variance", 1)])
@pytest.mark.parametrize("kind", ["umap", "pca"])
def test_every_colour_has_its_picture(colour: str, traces: int, kind: str) -> None:
    app = embed(colour=colour, picture=kind)
    assert not app.exception
    assert not sentences(app)
    assert len(figures(app)[0]["data"]) == traces


def test_combinations_can_be_hidden() -> None:
    app = embed(shown="image,image-sound-pen")
    assert sum(count(trace) for trace in figures(app)[0]["data"]) == 2 * (SHIPPED + 1)
    assert address(embed(shown="smell"), "shown") == "smell"
    assert len(figures(embed(shown="smell"))[0]["data"]) == 10


def test_a_click_on_a_dot_goes_to_its_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest runs no chart callbacks, so the callback is called with the state of a click."""
    reference = cache.library().find("digits", "dmrnet")
    put: dict[str, str | None] = {}
    monkeypatch.setattr(space.state, "put", lambda **fields: put.update(fields))
    shown = tuple(range(7))
    key = space.chart_key(reference, "umap", "class", shown)
    for clicked in (3 * (SHIPPED + 1) + 4, [3 * (SHIPPED + 1) + 4]):
        put.clear()
        event = {"selection": {"points": [{"customdata": clicked}]}}
        monkeypatch.setattr(space.st, "session_state", {key: event})
        space.pick(reference, "umap", "class", shown, "test-0000")
        assert put == {"sample": "test-0004", "point": None, "on": "image-sound"}
    last = {"selection": {"points": [{"customdata": 7 * (SHIPPED + 1) - 1}]}}
    monkeypatch.setattr(space.st, "session_state", {key: last})
    put.clear()
    space.pick(reference, "umap", "class", shown, "test-0000")
    assert put == {"point": STRANGE, "on": None}
    monkeypatch.setattr(space.st, "session_state", {key: {"selection": {"points": []}}})
    put.clear()
    space.pick(reference, "umap", "class", shown, "test-0000")
    assert not put


def test_a_sample_that_does_not_ship_still_has_its_path() -> None:
    app = embed(point=STRANGE, on="image")
    assert not app.exception
    assert "not among those that ship" in captions(app)
    assert len(figures(app)) == 2
    assert not app.toggle


def test_another_sample_takes_the_place_of_the_clicked_one() -> None:
    app = embed(point=STRANGE)
    app.query_params["sample"] = "test-0003"
    app.run()
    assert address(app, "point") == ""
    assert len(app.toggle) == 3


def test_what_a_person_brings_is_placed_in_the_map() -> None:
    app = brought(embed())
    assert not app.exception
    assert "new to the map" in captions(app)
    assert outlines(figures(app)[1]) == 1


def test_damage_moves_the_sample() -> None:
    reference = cache.library().find("digits", "dmrnet")
    plain = cache.places(reference, "umap", "test-0001")
    assert plain.known
    app = embed(sample="test-0001", damage="sound:noise:5")
    assert not app.exception
    assert "new to the map" in captions(app)


def test_a_placed_test_sample_lands_where_it_is() -> None:
    reference = cache.library().find("digits", "dmrnet")
    found, made = cache.sweep(reference), cache.picture(reference, "umap")
    known = maps.known_places(found, made, 5)
    assert found.variance is not None
    again = maps.new_places(found, made, found.combinations, found.mean[:, 5], found.variance[:, 5])
    np.testing.assert_allclose(again.points, known.points, atol=1e-2)
    assert again.far.max() < 0.05


def test_a_model_that_was_not_measured_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untrained(tmp_path, "digits", "dropout")
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path))
    app = opened("pages/embed.py")
    assert not app.exception
    assert "was not measured yet" in sentences(app)
    assert not opened("pages/explain.py").exception


def test_the_map_comes_as_numbers() -> None:
    reference = cache.library().find("digits", "dmrnet")
    found, made = cache.sweep(reference), cache.picture(reference, "umap")
    rows = list(csv.DictReader(io.StringIO(space.as_csv(found, made).decode())))
    assert len(rows) == 7 * (SHIPPED + 1)
    assert float(rows[8]["x"]) == pytest.approx(float(made.projection.points[0, 8, 0]), rel=1e-4)
