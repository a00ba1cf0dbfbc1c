"""Models and the presets of Train: a card per method with its runs, and trainings by their time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import streamlit as st

from mmlab.storage.checkpoints import REPORT
from mmlab.ui.pages.train.presets import FEWEST, FULL, PRESETS, Pace, pace, plan
from tests.apps import app_at, healthy
from tests.library import untrained
from tests.test_reports import report


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of our own, and nothing kept from the test before."""
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path))
    monkeypatch.delenv("MMLAB_DATA", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path


def test_a_run_of_ones_own_has_a_card_and_the_seeds_of_a_method_share_one(root: Path) -> None:
    untrained(root, "digits", "joint", "dropout")
    for run, score in (("seed0", 0.8), ("seed1", 0.6)):
        folder = root / "digits" / "dropout" / run
        if not folder.is_dir():
            folder.mkdir()
            (folder / "model.safetensors").write_bytes((folder.parent / "seed0" / "model.safetensors").read_bytes())
        (folder / REPORT).write_text(json.dumps(report(int(run[-1]), score)))
    (root / "digits" / "joint" / "seed0").rename(root / "digits" / "joint" / "mine")
    app = app_at("models", task="digits").run()
    healthy(app)
    said = [each.value for each in app.markdown]
    titles = [text for text in said if text.startswith("### ")]
    assert titles == ["### Joint training · mine", "### Modality dropout"]
    assert "Not measured yet." in said
    assert any(text.startswith("**70.0 ± 14.1 %** Accuracy") and text.endswith("2 seeds") for text in said)
    assert app.selectbox(key="models.run.digits.dropout").options == ["seed0", "seed1"]
    found = {link.proto.query_string for link in app.main.get("page_link") if "Bench" in link.proto.label}
    assert "task=digits&methods=joint&runs=joint%3Amine" in found


def test_no_model_is_a_sentence(root: Path) -> None:
    app = app_at("models", task="digits").run()
    healthy(app)
    assert any("no trained model" in each.value for each in app.info)


@pytest.mark.parametrize(("name", "seconds"), [("short", 30), ("medium", 180)])
def test_a_preset_fits_its_time_by_what_earlier_runs_took(name: str, seconds: int) -> None:
    known = Pace(0.002, 10_000)
    less = plan(PRESETS[name], known, 16)
    took = known.seconds * less["epochs"] * less.get("samples", known.samples)
    assert 0.8 * seconds <= took <= seconds + 0.1
    assert less["epochs"] <= 16


def test_a_preset_changes_nothing_where_the_whole_plan_is_as_short(root: Path) -> None:
    assert plan(PRESETS["short"], Pace(1e-6, 1000), 16) == {}
    assert plan(PRESETS[FULL], Pace(10.0, 10_000), 16) == {}
    assert plan(PRESETS["short"], Pace(10.0, 10_000), 16)["samples"] == FEWEST


def test_without_an_earlier_run_there_is_only_the_whole_plan(root: Path) -> None:
    assert pace("digits", "joint") is None
    app = app_at("train", task="digits").run()
    healthy(app)
    assert not [each for each in app.get("button_group") if each.key == "train.digits.preset"]


def test_a_preset_is_in_the_order_and_a_free_seed_is_proposed(root: Path) -> None:
    untrained(
        root,
        "digits",
        "dmrnet",
        training_seconds=1600.0,
        plan={"epochs": 16},
        data={"sizes": {"train": 10_000}},
    )
    assert pace("digits", "dmrnet") == pace("digits", "joint") == Pace(0.01, 10_000)
    app = app_at("train", task="digits").run()
    healthy(app)
    assert "--seed 1 --tag seed1" in app.code[0].value
    next(each for each in app.get("button_group") if each.key == "train.digits.preset").set_value("short").run()
    healthy(app)
    assert "epochs=4" in app.code[0].value
    assert "samples=750" in app.code[0].value
    assert "About 30 s" in " ".join(each.value for each in app.caption)
