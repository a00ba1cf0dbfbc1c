"""The record of where a model looked while it learned: a handful of epochs, whole after a stop, changing nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.errors import CheckpointError
from mmlab.core.method import METHODS
from mmlab.core.options import build
from mmlab.core.task import TASKS
from mmlab.experiments.recorders import attribution_maps
from mmlab.experiments.recorders.attribution_maps import SNAPSHOTS, AttributionRecorder
from mmlab.testing.toy_task import ToyTask
from tests import runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runs.straight(tmp_path_factory.mktemp("library"))


def test_a_handful_of_epochs_is_kept_and_small(folder: Path):
    found = attribution_maps.read(folder)
    assert found.epochs.tolist() == [0, 1, 2, 4, 7]
    assert len(found.ids) == attribution_maps.SAMPLES
    gallery = TASKS["digits"]().gallery()
    places = [gallery.index(name) for name in found.ids]
    assert min(np.diff(places)) >= len(gallery) // (attribution_maps.SAMPLES + 1), "from all over the gallery"
    np.testing.assert_allclose(found.shares.sum(2), 1, atol=1e-5)
    for name in ("image", "sound", "pen"):
        maps = found.maps[name]
        assert maps.shape[:2] == found.shares.shape[:2]
        assert max(maps.shape[2:]) <= 64
        assert 0 <= maps.min() <= maps.max() <= 1
    assert (folder / SNAPSHOTS).stat().st_size < 40_000


def test_the_maps_move_with_the_epochs(folder: Path):
    found = attribution_maps.read(folder)
    assert np.abs(found.maps["image"][0] - found.maps["image"][-1]).max() > 0.05
    assert np.abs(found.shares[0] - found.shares[-1]).max() > 0.01


def test_a_run_that_was_stopped_has_the_same_record(folder: Path, tmp_path: Path):
    straight, resumed = attribution_maps.read(folder), attribution_maps.read(runs.stopped_once(tmp_path))
    assert resumed.epochs.tolist() == straight.epochs.tolist()
    np.testing.assert_allclose(resumed.shares, straight.shares, atol=1e-4)


@pytest.mark.parametrize("name", list(METHODS))
@pytest.mark.parametrize("kind", ["classification", "segmentation", "regression"])
def test_every_method_can_be_looked_at_while_parts_of_it_rest(name: str, kind: str):
    task = ToyTask(kind)
    method = METHODS[name](task.info, build(METHODS[name].Config, {}))
    if kind not in method.supports:
        pytest.skip(f"{name} does not do {kind}")
    frozen = next(method.parameters())
    method.requires_grad_(False)
    found = attribution_maps.shares(method.eval(), task.samples("valid"))
    assert list(found) == list(task.info.modalities.names)
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)
    assert not frozen.requires_grad
    assert frozen.grad is None


def test_too_few_complete_samples_give_no_shares():
    task = ToyTask(gaps=0.5)
    method = METHODS["dropout"](task.info, build(METHODS["dropout"].Config, {}))
    samples = task.samples("valid")
    few = samples.take(8)
    assert int(few.present.all(1).sum()) < attribution_maps.FEWEST
    assert attribution_maps.shares(method.eval(), few) == {}


def test_a_task_without_a_gallery_leaves_no_file(tmp_path: Path):
    task = ToyTask()
    AttributionRecorder(task, METHODS["dropout"](task.info, build(METHODS["dropout"].Config, {})), 4, tmp_path).record(
        0
    )
    assert not (tmp_path / SNAPSHOTS).exists()


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04broken"])
def test_a_damaged_file_gets_its_sentence(tmp_path: Path, content: bytes):
    with pytest.raises(CheckpointError):
        attribution_maps.read(tmp_path)
    (tmp_path / SNAPSHOTS).write_bytes(content)
    with pytest.raises(CheckpointError):
        attribution_maps.read(tmp_path)


def test_looking_changes_no_weights():
    task = ToyTask()
    method = METHODS["dmrnet"](task.info, build(METHODS["dmrnet"].Config, {})).eval()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    state = torch.get_rng_state()
    attribution_maps.shares(method, task.samples("valid"))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in method.state_dict().items())
