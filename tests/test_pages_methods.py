"""The Methods page as a person uses it, with models that never learned anything, logs made up, and a small test set."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.modality import Modalities
from mmlab.core.task import TASKS
from mmlab.inference.sweep import sweep
from mmlab.methods.gmd import ANGLES
from mmlab.storage import checkpoints, sweep_file
from mmlab.storage.checkpoints import PROGRESS
from mmlab.ui.pages.methods import page
from mmlab.ui.pages.methods.evidence_views import EVIDENCE
from mmlab.ui.text import wording
from tests.apps import app_at, show_library
from tests.library import untrained

ROOT = Path(__file__).resolve().parent.parent
TRAINED = ("dropout", "joint", "dmrnet", "gmd", "mmanet", "dimml", "m3ixup")  # the other two have no model here
EPOCHS = 3
CARDS = {name: METHODS[name].card for name in METHODS if METHODS[name].card}
VIEWS = {name: METHODS[name].evidence_views for name in METHODS}


def measured(root: Path) -> None:
    """Untrained models with sweeps of random inputs, and logs of three epochs."""
    info = TASKS["digits"]().info
    generator = torch.Generator().manual_seed(0)
    inputs = {item.name: torch.rand(40, *item.shape, generator=generator) for item in info.modalities}
    names = tuple(map(str, range(40)))
    samples = Samples(inputs, torch.ones(40, 3, dtype=torch.bool), torch.arange(40) % 10, names, names)
    for reference in untrained(root, "digits", *TRAINED):
        folder = Path(reference.path)
        loaded = checkpoints.load(folder)
        if reference.method == "dimml":
            loaded.method.effective[:, ::2] = True  # type: ignore[index, operator]
            loaded.method.effective[0, :9] = True  # type: ignore[index, operator]
            checkpoints.save(folder, loaded.method, loaded.card)
            loaded = checkpoints.load(folder)
        sweep_file.write(folder, sweep(loaded.method, samples, digest=loaded.digest))
        (folder / "report.json").write_text(json.dumps({"digest": loaded.digest, "sources": {}}))
        rows = [json.dumps(row(reference.method, epoch, info.modalities)) for epoch in range(EPOCHS)]
        (folder / PROGRESS).write_text("\n".join(rows))


def row(method: str, epoch: int, modalities: Modalities) -> dict[str, Any]:
    """A line of a log, as `training` writes it."""
    keys = [combination.key for combination in modalities.subsets()]
    logs: dict[str, Any] = {}
    if method == "gmd":
        angles = np.bincount([5, 8, 8, 9 + epoch], minlength=ANGLES).tolist()
        logs = {"cosines": np.eye(7).tolist(), "angles_before": angles, "angles_after": [4] + [0] * (ANGLES - 1)}
    if method in ("dmrnet", "mmanet"):
        logs = {"mined": keys[:2] if epoch else [], "divergence": dict.fromkeys(keys[3:6], 0.1 * epoch)}
    return {
        "epoch": epoch,
        "stage": "all",
        "variance": dict.fromkeys(keys, 1.0 + epoch) if method == "dmrnet" else {},
        "gradient_norm": {name: 1.0 + i for i, name in enumerate(modalities.names)},
        "logs": logs,
    }


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


def opened(method: str) -> AppTest:
    app = app_at("methods")
    app.query_params["method"] = method
    return app.run()


def said(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.warning, *app.info, *app.error))


def charts(app: AppTest) -> list[Any]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_every_method_has_a_card_a_drawing_and_views() -> None:
    assert {view for names in VIEWS.values() for view in names} == set(EVIDENCE)
    assert set(CARDS) == {name for name in METHODS if METHODS[name].diagram} == set(METHODS)
    for name, card in CARDS.items():
        assert card.idea.count(". ") == 2, f"{name}: the idea is three sentences"
        assert all((card.trained, card.missing, card.look, card.paper))
        assert bool(card.link) == bool(METHODS[name].year)


def test_options_that_a_card_names_exist() -> None:
    for name, card in CARDS.items():
        options = METHODS[name].Config.__dataclass_fields__
        for text in card.departs:
            for option in text.split("`")[1::2]:
                assert option.split("=")[0] in options, f"{name}: {option}"


def test_m3ixup_says_that_parts_are_a_reading() -> None:
    assert "No code was ever released" in said(opened("m3ixup"))
    assert any(line.startswith("Our reading") for line in CARDS["m3ixup"].departs)


@pytest.mark.parametrize("method", TRAINED)
def test_all_views_of_a_method_are_there(method: str) -> None:
    app = opened(method)
    assert not app.exception
    assert app.selectbox(key="card").value == method
    assert said(app) == CARDS[method].warning
    assert len(charts(app)) >= len(VIEWS[method])
    assert len(app.get("download_button")) == len(VIEWS[method])


def test_without_a_model_the_card_stays_and_says_what_to_do() -> None:
    app = opened("specialists")
    assert not app.exception
    assert "no trained model of Specialists" in said(app)
    assert "train --task digits --method specialists" in said(app).replace("\\", "")
    assert not charts(app)


def test_a_view_without_its_log_says_so_and_the_others_go_on(models: Path) -> None:
    log = models / "digits" / "gmd" / "seed0" / PROGRESS
    content = log.read_text()
    try:
        log.write_text("{broken")
        app = opened("gmd")
        assert not app.exception
        assert said(app).count("is missing or damaged") == len(VIEWS["gmd"])
    finally:
        log.write_text(content)
    assert not said(opened("gmd"))


def test_a_view_that_needs_another_model_says_which(models: Path) -> None:
    folder, hidden = models / "digits" / "joint" / "seed0", models / "joint"
    folder.rename(hidden)
    try:
        app = opened("mmanet")
        assert said(app).count("This view needs a trained model of “Joint training”") == 2
        assert len(charts(app)) == 3
    finally:
        hidden.rename(folder)


def test_an_unknown_method_ends_in_a_sentence() -> None:
    app = opened("nonsense")
    assert not app.exception
    assert "no card for a method" in said(app)
    assert app.selectbox(key="card").value == "dmrnet"


def test_a_click_on_a_method_changes_the_address() -> None:
    app = opened("gmd")
    app.selectbox(key="card").set_value("dimml").run()
    assert app.query_params["lattice"] in ("dimml", ["dimml"])
    assert "dimml" in str(app.query_params["methods"]), "it is one of the chosen models everywhere"
    assert not app.exception


def test_the_epoch_of_gmd_changes_the_histogram() -> None:
    app = opened("gmd")
    before = charts(app)[0]
    app.selectbox(key="view.gmd.0").set_value("2").run()
    assert "In epoch 3" in " ".join(element.value for element in app.markdown)
    assert charts(app)[0] != before


def test_numbers_are_columns_of_one_length() -> None:
    content = page.as_csv({"a": [1, 2], "b": ["x", "y"]}).decode()
    assert list(csv.reader(io.StringIO(content))) == [["a", "b"], ["1", "x"], ["2", "y"]]
    with pytest.raises(ValueError, match="shorter"):
        page.as_csv({"a": [1, 2], "b": [1]})


def test_the_words_are_explained() -> None:
    assert "Cosine" in wording.explained("evidence")
