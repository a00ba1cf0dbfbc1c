"""The small search on validation: as many settings for each method, and a table that only validation decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmlab.core.method import METHODS
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.experiments import hyperparameter_search
from mmlab.experiments.train_job import run_train
from mmlab.storage.checkpoints import REPORT
from mmlab.storage.library import Library


def test_every_method_gets_as_many_settings_and_each_differs() -> None:
    for method in METHODS:
        settings = hyperparameter_search.settings(method)
        assert len(settings) == 5
        assert len({hyperparameter_search.tag(setting) for setting in settings}) == 5
        for setting in settings:
            config, plan = build(METHODS[method].Config, setting.config), build(Plan, setting.plan)
            usual = (METHODS[method].Config(), Plan())
            assert setting.name == "usual" or (config, plan) != usual


def test_half_the_epochs_unless_asked_otherwise() -> None:
    jobs = hyperparameter_search.search_jobs(["digits"], ["dropout"], {})
    assert {job.plan["epochs"] for job in jobs} == {8}
    assert {
        job.plan["epochs"] for job in hyperparameter_search.search_jobs(["digits"], ["dropout"], {"epochs": 3})
    } == {3}


@pytest.mark.slow
def test_a_setting_is_trained_and_filed_with_its_validation_score(tmp_path: Path) -> None:
    jobs = hyperparameter_search.search_jobs(
        ["digits"], ["dropout"], {"epochs": 1, "samples": 64, "source": "built-in"}
    )
    run_train(jobs[0], str(tmp_path))
    found = hyperparameter_search.results(Library(tmp_path), "digits", ["dropout", "joint"])
    assert [row.setting for row in found] == ["usual"]
    progress = (tmp_path / "digits" / "dropout" / "search-usual" / "progress.jsonl").read_text("utf-8")
    assert found[0].score == pytest.approx(json.loads(progress.splitlines()[-1])["mean"], abs=1e-4)


def test_the_table_marks_the_best_on_validation(tmp_path: Path) -> None:
    for setting, score in zip(hyperparameter_search.settings("dropout"), (0.8, 0.9, 0.7, 0.85, 0.1), strict=True):
        folder = tmp_path / "digits" / "dropout" / hyperparameter_search.tag(setting)
        folder.mkdir(parents=True)
        card = {"validation": score, "training_seconds": 30}
        (folder / REPORT).write_text(json.dumps({"card": card, "sources": {}}), "utf-8")
    table = hyperparameter_search.as_markdown(
        "digits", hyperparameter_search.results(Library(tmp_path), "digits", ["dropout"])
    )
    assert "**learning_rate-0.001 0.900**" in table
    assert table.count("**") == 2
    assert "| 2.5 |" in table
