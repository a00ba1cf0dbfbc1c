"""What lies beside a checkpoint or in the cache is no more trusted than an upload: a bound, and a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from mmlab.analysis.embedding.map_file import MAP, read_map
from mmlab.core.errors import CheckpointError
from mmlab.experiments import train_job
from mmlab.experiments.recorders import attribution_maps, embedding_maps
from mmlab.storage import disk_cache, packed_arrays, safetensors_header
from mmlab.storage.library import Library
from mmlab.training import resume_state

SETTINGS: dict[str, Any] = {"seed": 0}
NUMBERS = {"epoch": 1, "best_epoch": 0, "best": 0.5, "seconds": 1.0}
READERS: dict[str, Callable[[Path], object]] = {
    MAP: lambda folder: read_map(folder, "x"),
    embedding_maps.EPOCH_MAPS: embedding_maps.read,
    attribution_maps.SNAPSHOTS: attribution_maps.read,
}


@pytest.mark.parametrize("name", list(READERS))
def test_a_small_file_of_many_values_is_refused_by_its_header(name: str, tmp_path: Path) -> None:
    zeros = np.zeros(packed_arrays.MOST_OF_A_RECORD + 1, np.uint8)
    np.savez_compressed(tmp_path / name, points=zeros)
    assert (tmp_path / name).stat().st_size < 2**16
    with pytest.raises(CheckpointError, match="damaged"):
        READERS[name](tmp_path)


@pytest.mark.parametrize(
    "notes",
    [
        "[" * 10**5,
        "null",
        json.dumps({"state": {**NUMBERS, "epoch": "1"}, "groups": [], "settings": SETTINGS}),
        json.dumps({"state": {**NUMBERS, "epoch": -1}, "groups": [], "settings": SETTINGS}),
        json.dumps({"state": {}, "groups": [], "settings": SETTINGS}),
        json.dumps({"state": NUMBERS, "groups": {}, "settings": SETTINGS}),
        json.dumps({"state": NUMBERS, "groups": [], "settings": 3}),
    ],
)
def test_a_state_to_resume_from_with_other_notes_is_damaged(notes: str, tmp_path: Path) -> None:
    file = tmp_path / resume_state.STATE
    safetensors.torch.save_file({"weights/a": torch.zeros(2)}, file, {"mmlab": notes})
    with pytest.raises(CheckpointError, match="damaged"):
        resume_state.read(file, torch.device("cpu"), SETTINGS)


def test_a_state_whose_tensors_are_no_optimiser_s_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / resume_state.STATE
    notes = json.dumps({"state": {**NUMBERS, "best": float("-inf")}, "groups": [], "settings": SETTINGS})
    for name, is_sound in (("optimiser/0/step", True), ("optimiser/x/step", False), ("optimiser/0", False)):
        safetensors.torch.save_file({name: torch.zeros(2)}, file, {"mmlab": notes})
        if is_sound:
            assert resume_state.read(file, torch.device("cpu"), SETTINGS).optimiser["state"].keys() == {0}
        else:
            with pytest.raises(CheckpointError, match="damaged"):
                resume_state.read(file, torch.device("cpu"), SETTINGS)


def saved_run(root: Path) -> tuple[train_job.TrainJob, Path]:
    """A training that was stopped after its first epoch, and what it resumes from."""
    job = train_job.TrainJob("watch", "joint", plan={"epochs": 2, "samples": 32, "batch_size": 16})
    for _ in (running := train_job.train(job, Library(root))):
        running.close()  # type: ignore[attr-defined]
        break
    return job, Library(root).folder("watch", "joint", job.folder) / resume_state.STATE


def test_a_state_that_fits_no_such_model_is_a_sentence(tmp_path: Path) -> None:
    job, file = saved_run(tmp_path)
    notes = safetensors_header.read(file).metadata
    tensors = safetensors.torch.load_file(file)
    names = [max(name for name in tensors if name.startswith(part)) for part in ("weights/", "best/", "optimiser/")]
    for other in [{**tensors, name: torch.zeros(3, 7)} for name in names] + [
        {**tensors, f"{name}x": torch.zeros(1)} for name in names
    ]:
        safetensors.torch.save_file(other, file, notes)
        with pytest.raises(CheckpointError, match="damaged"):
            list(train_job.train(job, Library(tmp_path)))


def test_a_run_without_a_best_epoch_yet_resumes_without_one(tmp_path: Path) -> None:
    file = tmp_path / resume_state.STATE
    entry = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": []}
    resume_state.write(file, resume_state.State(1), {"a": torch.zeros(2)}, entry, SETTINGS)
    assert resume_state.read(file, torch.device("cpu"), SETTINGS).state.best_weights is None
    later = {**NUMBERS, "of a later version": 3}
    notes = json.dumps({"state": later, "groups": [], "settings": SETTINGS})
    safetensors.torch.save_file({"weights/a": torch.zeros(2)}, file, {"mmlab": notes})
    assert resume_state.read(file, torch.device("cpu"), SETTINGS).state.epoch == 1


def test_the_cache_takes_back_only_what_it_stores_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    disk_cache.save("split", {"values": np.arange(4)})
    found = disk_cache.load("split")
    assert found is not None
    assert found["values"].flags.writeable
    np.savez_compressed(tmp_path / "split.npz", **found, checksum=np.array(disk_cache._checksum(found)))
    assert disk_cache.load("split") is None
