"""`--folds 5 --by group`: a folder cut into folds, each a task of its own, with no group on both sides."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.core.task import TASKS
from mmlab.storage.checkpoints import read_card
from mmlab.storage.library import Library
from mmlab.tasks.custom import folds, locations
from tests.folders import with_task, written

PEOPLE, EACH = 9, 4


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {locations.VARIABLE: "", folds.VARIABLE: "", "MMLAB_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)


def people(folder: Path) -> Path:
    """Four samples of each of nine people; who moves at all is one of two classes, and each fold has both."""
    rng, rows = np.random.default_rng(0), ["id,split,target,group,left,right"]
    numbers = {"kind": "vector", "columns": ["x"], "inline": True}
    task = with_task(name="people", modalities=[{"name": name, **numbers} for name in ("left", "right")])
    for i in range(PEOPLE * EACH):
        high = i % 2
        values = rng.normal(2 * high, 1, 2)
        split = ("train", "valid", "test")[i // 12]
        rows.append(f"s{i},{split},{('low', 'high')[high]},person {i // EACH},{values[0]:.3f},{values[1]:.3f}")
    return written(folder, task, rows, {})


def test_each_group_is_tested_once_and_is_never_on_two_sides(tmp_path: Path) -> None:
    locations.add(people(tmp_path / "data"))
    tested: list[str] = []
    for fold in folds.ask_for(3):
        task = TASKS[fold.name_of("people")]()
        split = {name: task.samples(name) for name in ("train", "valid", "test")}
        groups = [set(each.groups) for each in split.values()]
        assert not groups[0] & groups[1]
        assert not groups[0] & groups[2]
        assert not groups[1] & groups[2]
        assert {name: len(each) for name, each in split.items()} == {"train": 12, "valid": 12, "test": 12}
        assert all(Counter(each.target.tolist()) == {0: 6, 1: 6} for each in split.values())
        tested += split["test"].ids
    assert Counter(tested) == Counter(TASKS["people"]().samples("train").ids + tuple(f"s{i}" for i in range(12, 36)))


def test_the_split_of_the_manifest_stays_and_numbers_are_scaled_by_the_folds_own_training(tmp_path: Path) -> None:
    locations.add(people(tmp_path / "data"))
    before = (tmp_path / "data" / "manifest.csv").read_bytes()
    folds.ask_for(3)
    for name in ("people", "people_fold1of3", "people_fold2of3"):
        values = TASKS[name]().samples("train").inputs["left"]
        assert values.mean() == pytest.approx(0, abs=2e-3)
        assert values.std(correction=0) == pytest.approx(1, abs=2e-3)
    assert TASKS["people"]().samples("test").ids == tuple(f"s{i}" for i in range(24, 36))
    assert (tmp_path / "data" / "manifest.csv").read_bytes() == before
    prints = {TASKS[name]().fingerprint() for name in ("people", "people_fold1of3", "people_fold2of3")}
    assert len(prints) == 3


def test_samples_are_cut_apart_only_where_that_is_asked_for(tmp_path: Path) -> None:
    locations.add(people(tmp_path / "data"))
    folds.ask_for(3, "sample")
    task = TASKS["people_part1of3"]()
    assert set(task.samples("train").groups) & set(task.samples("test").groups)
    assert task.describe()["fold"] == "fold 1 of 3, by sample"


@pytest.mark.parametrize(
    ("count", "by", "said"),
    [(2, "group", "cannot be 2 folds"), (3, "colour", "by 'colour'"), (10, "group", "9 groups")],
)
def test_what_cannot_be_cut_is_said(tmp_path: Path, count: int, by: str, said: str) -> None:
    locations.add(people(tmp_path / "data"))
    with pytest.raises(DataError, match=said):
        TASKS[folds.ask_for(count, by)[0].name_of("people")]().samples("test")


def test_train_grid_and_compare_take_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, library = str(people(tmp_path / "data")), tmp_path / "models"
    more = ["--checkpoints", str(library), "--folds", "3", "--plan", "epochs=1", "--plan", "search=false"]
    assert main(["train", "--task", folder, "--method", "joint", "--json", *more]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["name"] for run in runs] == [f"people_fold{number}of3/joint/seed0" for number in (1, 2, 3)]
    assert read_card(library / "people_fold2of3" / "joint" / "seed0")["data"]["fold"] == "fold 2 of 3, by group"
    grid = ["grid", "--tasks", folder, "--methods", "dropout", "--seeds", "2", "--processes", "1", *more]
    assert main(grid) == 0
    capsys.readouterr()
    assert main(["compare", "--task", folder, *more[:4], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["samples"], found["groups"], found["methods"]["dropout"]["seeds"]) == (36, PEOPLE, 3)
    assert found["methods"]["joint"]["scores"]["left"] == pytest.approx(
        np.mean([run["sources"]["built-in"]["metrics"]["left"]["accuracy"] for run in runs])
    )
    assert found["methods"]["dropout"]["scores"]["left"] == pytest.approx(_mean_of(library, "dropout"))
    assert main(["compare", "--task", folder, *more[:4]]) == 0
    said = capsys.readouterr().out
    assert "mean over folds" in said
    assert "paired by fold" in said
    assert main(["evaluate", "--task", f"{folder}_fold2of3", "--method", "joint", *more[:2], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == runs[1]["sources"]["built-in"]["metrics"]
    assert main(["train", "--task", "digits", "--method", "joint", *more]) == 2
    assert "not cut into folds" in capsys.readouterr().err


def _mean_of(library: Path, method: str) -> float:
    """Over two seeds of each fold, then over the folds, from the reports."""
    paths = [[f"people_fold{fold}of3/{method}/seed{seed}" for seed in (0, 1)] for fold in (1, 2, 3)]
    reports = [[json.loads((Library(library).root / path / "report.json").read_text()) for path in of] for of in paths]
    scores = [[each["sources"]["built-in"]["metrics"]["left"]["accuracy"] for each in of] for of in reports]
    return float(np.mean(np.mean(scores, 1)))
