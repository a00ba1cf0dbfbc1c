"""Yardsticks: what plain models get out of a task, and what is said of models that stay below them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mmlab.analysis.methods import sanity
from mmlab.analysis.methods.reference_models import Flat, answers
from mmlab.cli.app import main
from mmlab.core.errors import Unsupported
from mmlab.core.task import TASKS
from mmlab.experiments import baselines, comparison_tables
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.storage import baselines_file
from mmlab.storage.library import Library
from tests.test_plan_search import folder_of


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    folder = folder_of(tmp_path / "signs", rows=200)
    monkeypatch.setenv("MMLAB_FOLDERS", str(folder))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    return Library(tmp_path / "library")


def test_each_combination_is_measured_and_kept_until_the_data_change(library: Library, tmp_path: Path) -> None:
    found = baselines.measure("signs", library)
    linear = found["baselines"]["linear"]["metrics"]
    assert set(linear) == {"a", "b", "a-b"}
    assert linear["a-b"]["accuracy"] > 0.8
    assert set(baselines.stored("signs", library)) == {"linear", "forest"}
    manifest = tmp_path / "signs" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("s0,", "other,"))
    assert baselines.stored("signs", library) == {}


def test_evaluate_prints_them_beside_every_score_and_keeps_nothing_by_itself(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_train(TrainJob("signs", "joint", plan={"epochs": 1}), str(library.root))
    call = ["evaluate", "--task", "signs", "--method", "joint", "--checkpoints", str(library.root)]
    assert main([*call, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = told["reference_models"]
    assert told["yardsticks"] == found, "the earlier name of this key is still there"
    assert baselines.stored("signs", library) == {}
    plain = baselines.measure("signs", library)["baselines"]["linear"]
    assert found[plain["title"]] == {key: each["accuracy"] for key, each in plain["metrics"].items()}
    assert main(call) == 0
    said = capsys.readouterr().out
    assert f"{plain['title']} and" in said
    assert "plain models on the same inputs" in said
    assert main([*call, "--missing", "0.3", "--json"]) == 0  # other samples than they were measured on
    assert "reference_models" not in json.loads(capsys.readouterr().out)
    monkeypatch.setattr(baselines, "QUICK_NUMBERS", 10)
    (library.root / "signs" / baselines_file.FILE).unlink()
    assert main([*call, "--json"]) == 0
    assert "reference_models" not in json.loads(capsys.readouterr().out)


def test_a_damaged_file_of_reference_models_hides_nothing(library: Library) -> None:
    (library.root / "signs").mkdir(parents=True)
    (library.root / "signs" / baselines_file.FILE).write_text('{"contents": 3}')
    assert baselines.stored("signs", library) == {}


def test_a_linear_model_finds_a_line_and_a_ridge_a_number() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 3))
    classes, numbers = (inputs[:, 0] > 0).astype(int), inputs @ [1.0, 2.0, 0.0]
    said = answers("linear", (inputs, classes), (inputs, classes), inputs, 3)
    assert said.shape == (200, 3)
    assert (said.argmax(1) == classes).mean() > 0.97
    assert said[:, 2].max() == -50.0
    ridge = answers("linear", (inputs, numbers), (inputs, numbers), inputs, 1)
    np.testing.assert_allclose(ridge[:, 0], numbers, atol=0.02)
    with pytest.raises(Unsupported, match="one class"):
        answers("linear", (inputs, classes * 0), (inputs, classes), inputs, 2)


def test_large_tensors_become_components_and_words_are_counted() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(90, 1, 12, 12)).astype("f4")
    assert Flat(pictures, False, False)(pictures[:5]).shape == (5, 64)
    rows = rng.normal(size=(90, 100)).astype("f4")
    assert Flat(rows, True, False)(rows).shape == (90, 100)
    words = rng.integers(0, 500, (90, 8)).astype("f4")
    assert Flat(words, False, True)(words).shape == (90, Flat.WORDS)


def label(key: str) -> str:
    return key.upper()


def test_a_model_below_a_reference_model_is_named_with_where_it_is_furthest() -> None:
    models = {"Deep": {"a": 0.70, "a-b": 0.60}, "Good": {"a": 0.80, "a-b": 0.90}}
    (said,) = sanity.warnings(models, {"Linear model": {"a": 0.75, "a-b": 0.85}}, "accuracy", label)[:1]
    assert said.startswith("Deep is below a plain linear model")
    assert "25.0 points with A-B" in said
    assert "Good" not in said


def test_an_input_that_lowers_the_score_is_the_model_not_the_data() -> None:
    (said,) = sanity.warnings({"Deep": {"a": 0.72, "b": 0.5, "a-b": 0.66}}, {}, "accuracy", label)
    assert "Adding inputs makes Deep worse" in said
    assert "6.0 points from A to all inputs" in said
    assert sanity.warnings({"Deep": {"a": 0.72, "a-b": 0.715}}, {}, "accuracy", label) == []
    falls_too = {"Linear model": {"a": 0.7, "b": 0.5, "a-b": 0.6}}
    assert sanity.warnings({"Deep": {"a": 0.72, "b": 0.5, "a-b": 0.66}}, falls_too, "accuracy", label) == []


def test_errors_are_better_when_they_are_smaller_and_gaps_are_skipped() -> None:
    models = {"Deep": {"a": 3.0, "b": math.nan, "a-b": 2.0}}
    assert sanity.warnings(models, {"Linear model": {"a": 3.1, "a-b": 2.2}}, "mae", label) == []
    (said,) = sanity.warnings(models, {"Linear model": {"a": 3.1, "a-b": 1.5}}, "mae", label)
    assert "below a plain linear model" in said
    assert "by 0.500 with" in said  # of a scale, not points of a share


def test_tables_carry_the_reference_models(library: Library) -> None:
    plain = baselines.measure("signs", library)["baselines"]["linear"]["metrics"]
    info = TASKS["signs"].info
    table = {key: dict.fromkeys(info.output.metric_names, 0.5) for key in plain}
    card = {"task": info.card(), "seed": 0, "parameters": 1, "training_seconds": 1.0}
    measured = {"metrics": table, "mean": table["a"], "samples": 40}
    report = {"digest": "", "headline": "accuracy", "card": card, "sources": {"built-in": measured}}
    folder = library.folder("signs", "dropout", "seed0")
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report))
    found = comparison_tables.compare(library, "signs")
    assert found.reference_models["Linear model"]["a-b"] == pytest.approx(plain["a-b"]["accuracy"])
    written = comparison_tables.as_markdown(found)
    assert "| *Linear model* |" in written
    assert "Modality dropout is below a plain linear model" in written
    told = comparison_tables.as_json(found)
    assert told["reference_models"]["Random forest"]
    assert told["yardsticks"] == told["reference_models"], "the earlier name of this key is still there"
