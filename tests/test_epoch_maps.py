"""The record of the embedding while a model learned: a handful of epochs, whole after a stop, true to the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.analysis.base.sampling import complete_samples
from mmlab.analysis.embedding.projection import axes
from mmlab.core.batch import Samples
from mmlab.core.errors import CheckpointError
from mmlab.core.method import METHODS
from mmlab.core.options import build
from mmlab.core.task import TASKS
from mmlab.experiments.recorders import embedding_maps
from mmlab.experiments.recorders.embedding_maps import EPOCH_MAPS, EmbeddingRecorder
from mmlab.inference.sweep import sweep
from mmlab.storage import checkpoints, packed_arrays
from mmlab.testing.toy_task import ToyTask
from tests import runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runs.straight(tmp_path_factory.mktemp("library"))


def test_a_handful_of_epochs_is_kept_and_small(folder: Path):
    found = embedding_maps.read(folder)
    assert found.epochs.tolist() == [0, 1, 2, 4, 7]
    assert found.combinations == tuple(c.key for c in TASKS["digits"].info.modalities.subsets())
    assert found.points.shape == (5, 7, embedding_maps.DRAWN, 2)
    assert found.about == "class"
    assert found.shown.shape == found.points.shape[:3]
    assert found.variance is None
    assert (folder / EPOCH_MAPS).stat().st_size < 12_000


def drawn(samples: Samples) -> list[int]:
    """The rows of a split that are drawn: those with everything, spread evenly, twice."""
    measured = complete_samples(samples, embedding_maps.MEASURED).ids
    places = np.linspace(0, len(measured) - 1, min(len(measured), embedding_maps.DRAWN)).astype(int)
    return [samples.ids.index(measured[place]) for place in places]


def test_classes_come_through_exactly_and_shares_are_shares(folder: Path):
    found = embedding_maps.read(folder)
    samples = TASKS["digits"]().samples("valid", "built-in")
    target = samples.target[drawn(samples)].numpy()
    np.testing.assert_array_equal(found.shown, np.broadcast_to(target, found.shown.shape))
    assert 0 <= found.told.min() <= found.told.max() <= 1
    np.testing.assert_allclose(found.cosine[:, found.combinations.index("image-sound-pen")], 1)
    assert 0 < found.explained.min() <= found.explained.max() <= 1


def test_the_record_moves_with_the_epochs(folder: Path):
    found = embedding_maps.read(folder)
    assert np.abs(found.told[-1] - found.told[0]).max() > 0.01
    assert np.abs(found.cosine[-1] - found.cosine[0]).max() > 0.05
    assert np.abs(found.points[-1] - found.points[0]).max() > 0.05


def test_the_pictures_are_those_of_the_model(tmp_path: Path):
    task = ToyTask("classification")
    method = METHODS["joint"](task.info, build(METHODS["joint"].Config, {})).eval()
    recorder = EmbeddingRecorder(method, task.samples("valid"), 3, tmp_path)
    recorder.record(0)
    recorder.record(2)
    found = embedding_maps.read(tmp_path)
    assert recorder.samples is not None
    whole = sweep(method, recorder.samples)
    rows = [whole.ids.index(task.samples("valid").ids[row]) for row in drawn(task.samples("valid"))]
    straight = axes(whole.mean.reshape(-1, whole.mean.shape[2])).points(whole.mean[:, rows])
    steps = np.ptp(straight.reshape(-1, 2), axis=0) / (embedding_maps.LEVELS - 1)
    assert (np.abs(found.points[-1] - straight).reshape(-1, 2) <= 0.51 * steps + 1e-5).all()
    np.testing.assert_allclose(found.points[0], found.points[1], atol=1e-4)


@pytest.mark.parametrize("name", list(METHODS))
@pytest.mark.parametrize("kind", ["classification", "segmentation", "regression"])
def test_every_method_and_kind_of_answer_is_recorded(name: str, kind: str, tmp_path: Path):
    task = ToyTask(kind)
    method = METHODS[name](task.info, build(METHODS[name].Config, {}))
    if kind not in method.supports:
        pytest.skip(f"{name} does not do {kind}")
    recorder = EmbeddingRecorder(method, task.samples("valid"), 1, tmp_path)
    recorder.record(0)
    assert recorder.samples is not None
    found = embedding_maps.read(tmp_path)
    assert np.isfinite(found.points).all()
    assert np.isfinite(found.told).all()
    assert (np.abs(found.cosine) <= 1 + 1e-5).all()
    assert (found.variance is None) == (sweep(method, recorder.samples).variance is None)


def test_a_run_that_was_stopped_has_the_same_record(folder: Path, tmp_path: Path):
    straight, resumed = embedding_maps.read(folder), embedding_maps.read(runs.stopped_once(tmp_path))
    assert resumed.epochs.tolist() == straight.epochs.tolist()
    np.testing.assert_allclose(resumed.told, straight.told, atol=0.02)


def test_the_record_changes_nothing_in_the_training(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(EmbeddingRecorder, "record", lambda self, epoch: {})
    without = checkpoints.load(runs.straight(tmp_path)).method.state_dict()
    for name, value in checkpoints.load(folder).method.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), without[name].numpy(), err_msg=name)


def test_a_missing_record_is_said(tmp_path: Path):
    with pytest.raises(CheckpointError, match="were not stored in this training"):
        embedding_maps.read(tmp_path)


def record(tmp_path: Path, epochs: int = 1) -> EmbeddingRecorder:
    task = ToyTask("classification")
    method = METHODS["joint"](task.info, build(METHODS["joint"].Config, {})).eval()
    recorder = EmbeddingRecorder(method, task.samples("valid"), epochs, tmp_path)
    for epoch in range(epochs):
        recorder.record(epoch)
    return recorder


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"nonsense"])
def test_a_damaged_record_is_said_and_stops_no_training(content: bytes, tmp_path: Path):
    recorder = record(tmp_path, 3)
    recorder.file.write_bytes(content)
    with pytest.raises(CheckpointError, match="are damaged"):
        embedding_maps.read(tmp_path)
    recorder.record(2)
    assert embedding_maps.read(tmp_path).epochs.tolist() == [2]


@pytest.mark.parametrize(
    "change",
    [
        {"told": np.zeros((1, 3))},
        {"explained": np.zeros(7)},
        {"about": np.array(["nonsense"])},
        {"version": np.array([1, 1])},
        {"measured": np.array(np.inf)},
        {"cosine": np.full((1, 7), np.nan)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_record_that_somebody_made_up_is_refused(change: dict[str, np.ndarray], tmp_path: Path):
    recorder = record(tmp_path)
    packed_arrays.write(recorder.file, {**packed_arrays.read(recorder.file), **change})
    with pytest.raises(CheckpointError, match="are damaged"):
        embedding_maps.read(tmp_path)


def test_an_earlier_record_of_another_kind_is_left_behind(tmp_path: Path):
    recorder = record(tmp_path, 3)
    packed_arrays.write(
        recorder.file, {**packed_arrays.read(recorder.file), "points": np.zeros((3, 2, 5, 2), np.uint8)}
    )
    recorder.record(2)
    assert embedding_maps.read(tmp_path).epochs.tolist() == [2]


def test_weights_that_went_astray_are_not_recorded(tmp_path: Path):
    recorder = record(tmp_path, 2)
    before = recorder.file.read_bytes()
    with torch.no_grad():
        for parameter in recorder.method.parameters():
            parameter.fill_(np.nan)
    recorder.record(1)
    assert recorder.file.read_bytes() == before
