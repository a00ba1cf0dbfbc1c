"""What a training on rows of numbers finds out before it begins: how many epochs, and how much samples should vary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.core.modality_kinds import modality_kind
from mmlab.core.training_plan import Plan
from mmlab.experiments import plan_search
from mmlab.experiments.train_job import TrainJob, plan_of, train
from mmlab.storage.library import Library
from mmlab.tasks.custom_folder import task_class


def folder_of(root: Path, rows: int = 60, **more: Any) -> Path:
    """Two inputs of four numbers; the class is the sign of the first of each."""
    rng = np.random.default_rng(0)
    lines = ["id,split,target,a,b"]
    for row in range(rows):
        sign = 2 * (row % 2) - 1
        cells = [" ".join(f"{value:.3f}" for value in rng.normal(0, 1, 4) + np.eye(4)[0] * sign) for _ in "ab"]
        split = "train" if row < rows * 0.6 else "valid" if row < rows * 0.8 else "test"
        lines.append(f"s{row},{split},{('no', 'yes')[row % 2]},{cells[0]},{cells[1]}")
    root.mkdir(parents=True, exist_ok=True)
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    modalities = [{"name": name, "kind": "vector", "size": 4, "inline": True} for name in "ab"]
    output = {"kind": "classification", "classes": ["no", "yes"]}
    (root / "task.json").write_text(json.dumps({"name": "signs", "output": output, "modalities": modalities, **more}))
    return root


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = folder_of(tmp_path / "signs")
    monkeypatch.setenv("MMLAB_FOLDERS", str(made))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    return made


def test_rows_of_numbers_are_searched_unless_somebody_gives_epochs(folder: Path, tmp_path: Path) -> None:
    task = task_class(folder)()
    assert plan_of(TrainJob("signs", "dropout"), task).search
    assert not plan_of(TrainJob("signs", "dropout", plan={"epochs": 7}), task).search
    assert plan_of(TrainJob("signs", "dropout", plan={"epochs": 7, "search": True}), task).search
    stated = task_class(folder_of(tmp_path / "stated", plan={"epochs": 30}))()
    assert not plan_of(TrainJob("signs", "dropout"), stated).search


def test_input_dropout_hides_its_share_and_keeps_the_mean() -> None:
    batch = torch.ones(200, 50)
    thinned = modality_kind("vector").thinned(batch, 0.4, torch.Generator().manual_seed(0))
    assert float((thinned == 0).float().mean()) == pytest.approx(0.4, abs=0.02)
    assert float(thinned.mean()) == pytest.approx(1, abs=0.03)
    assert modality_kind("image").thinned(batch, 0.4, torch.Generator()) is batch


def test_the_number_of_epochs_doubles_while_that_is_better(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    tried: list[tuple[int, bool, float]] = []

    def scored(task: object, plan: Plan, *samples: object) -> Any:
        tried.append((plan.epochs, plan.augment, plan.input_dropout))
        yield from ()
        return {10: 0.5, 20: 0.6, 40: 0.7, 80: 0.8, 160: 0.8}[plan.epochs] + plan.augment * 0.01

    monkeypatch.setattr(plan_search, "_tried", scored)
    task = task_class(folder)()
    plan, samples = Plan(epochs=160, search=True), task.samples("valid")
    search = plan_search.search_plan(task, plan, 0, samples, samples)
    with pytest.raises(StopIteration) as ended:
        next(search)
    found = ended.value.value
    assert (found.epochs, found.augment, found.input_dropout, found.search) == (80, True, 0.0, False)
    assert [epochs for epochs, _, _ in tried] == [20, 20, 20, 10, 40, 80, 160]
    tried.clear()
    with pytest.raises(StopIteration) as again:
        next(plan_search.search_plan(task, plan, 3, samples, samples))
    assert (again.value.value, tried) == (found, [])


def test_a_training_says_what_was_found_and_can_be_repeated_by_it(folder: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    stages = {each.stage for each in train(TrainJob("signs", "ensemble", plan={"epochs": 20, "search": True}), library)}
    assert stages == {"search", "all"}
    card = library.folder("signs", "ensemble", "seed0") / "model.safetensors"
    assert card.is_file()
    from mmlab.storage.checkpoints import read_card

    plan = read_card(card.parent)["plan"]
    assert plan["search"] is False
    assert plan["epochs"] in (10, 20)
    again = TrainJob("signs", "ensemble", plan={k: v for k, v in plan.items() if k != "search"}, tag="two")
    for _ in train(again, library):
        pass
    other = library.folder("signs", "ensemble", "two")
    assert (card.parent / "progress.jsonl").read_text().count("\n") == plan["epochs"]
    reports = [json.loads((each / "report.json").read_text())["sources"] for each in (card.parent, other)]
    assert reports[0] == reports[1]
