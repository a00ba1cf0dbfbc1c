"""Linear encoders of rows of numbers: where they begin, that a stored model keeps them, and who else is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.core.method import METHODS
from mmlab.core.task import TASKS, TaskInfo
from mmlab.experiments.train_job import TrainJob, train
from mmlab.inference.predictor import Model
from mmlab.networks.encoders import LinearEncoder
from mmlab.storage.checkpoints import read_card
from mmlab.storage.library import Library
from mmlab.tasks.custom_folder import task_class
from mmlab.training import linear_start
from tests.test_plan_search import folder_of


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = folder_of(tmp_path / "signs", rows=200)
    monkeypatch.setenv("MMLAB_FOLDERS", str(folder))
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    return task_class(folder)()


def made(task: Any, name: str) -> Any:
    kind = METHODS[name]
    return kind(task.info.read_by("linear"), kind.Config())


@pytest.mark.parametrize("name", ["dropout", "ensemble", "specialists", "m3ixup", "dimml"])
def test_every_linear_encoder_of_a_method_begins_where_a_regression_ends(name: str, task: Any) -> None:
    method, training = made(task, name), task.samples("train")
    linear_start.initialise(method, training, task.samples("valid"), 0)
    encoders = [module for module in method.modules() if isinstance(module, LinearEncoder)]
    assert encoders
    for encoder in encoders:
        seen = encoder.body(training.inputs[encoder.modality].float()).detach().numpy()
        told = np.abs(np.corrcoef(seen.T, training.target.numpy())[:-1, -1])
        assert told.min() > 0.5, "the first of four numbers says the class, and each feature reads it"


def test_a_difference_between_two_columns_that_are_almost_alike_is_there_from_the_start() -> None:
    rng = np.random.default_rng(0)
    common, truth = rng.normal(size=400), rng.integers(0, 2, 400)
    inputs = np.stack([common, common + 0.3 * (truth - 0.5 + 0.1 * rng.normal(size=400))], 1)
    scaled = (inputs - inputs.mean(0)) / inputs.std(0)
    table = (scaled[:300], truth[:300])
    weights = linear_start.weights_of(table, (scaled[300:], truth[300:]), 2)
    assert abs(np.corrcoef(scaled @ weights[0], truth)[0, 1]) > 0.5
    assert linear_start.weights_of((scaled[:300], truth[:300] * 0), (scaled[:0], truth[:0]), 2).shape == (0, 2)


@pytest.mark.parametrize(("channels", "truth", "rows"), [(1, [0.5, 1, 2, 3] * 5, 1), (3, [0, 1, 2, 1] * 5, 3)])
def test_numbers_have_one_direction_and_many_classes_one_each(channels: int, truth: Any, rows: int) -> None:
    numbers = np.random.default_rng(0).normal(size=(20, 5))
    table = (numbers, np.array(truth))
    assert linear_start.weights_of(table, (numbers[:0], table[1][:0]), channels).shape == (rows, 5)
    assert linear_start.tiled(np.eye(5)[:rows], 64, np.random.default_rng(0)).shape == (64, 5)
    assert linear_start.tiled(np.random.default_rng(0).normal(size=(80, 100)), 64, np.random.default_rng(0)).shape == (
        64,
        100,
    )


def test_an_input_that_no_training_sample_has_stays_as_it_was(task: Any) -> None:
    method, training = made(task, "dropout"), task.samples("train")
    training.present[:, 1] = False
    before = method.encoders["b"].body.weight.clone()
    linear_start.initialise(method, training, task.samples("valid"), 0)
    assert torch.equal(method.encoders["b"].body.weight, before)
    assert torch.isfinite(method.encoders["a"].body.weight).all()


def test_a_stored_model_keeps_its_linear_encoders_and_older_cards_have_none(task: Any, tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    for _ in train(TrainJob("signs", "dropout", plan={"epochs": 2, "encoder": "linear"}), library):
        pass
    folder = library.folder("signs", "dropout", "seed0")
    assert {item["encoder"] for item in read_card(folder)["task"]["modalities"]} == {"linear"}
    model = Model.open(next(iter(library.references("signs"))))
    assert isinstance(model.method.encoders["a"], LinearEncoder)
    usual = task.info.card()
    assert all("encoder" not in item for item in usual["modalities"])
    assert TaskInfo.from_card(usual) == task.info


def test_inputs_of_other_kinds_keep_their_encoders() -> None:
    info = TASKS["digits"].info
    assert info.read_by("linear").card() == info.card()
