"""Runs in a store that fsspec reaches: trained from it and into it, gone on with elsewhere, brought to a library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
import safetensors.numpy

from mmlab.cli.app import main
from mmlab.core.errors import DataError, MissingExtra, StorageError
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments import grid, stored_runs
from mmlab.experiments.executors import SerialExecutor
from mmlab.experiments.train_job import TrainJob, teacher_of, train
from mmlab.storage.library import Library
from mmlab.storage.remote_store import Store
from mmlab.testing.toy_task import ToyTask
from mmlab.training.resume_state import STATE

URL = "memory://models"
PLAN = {"epochs": 3, "samples": 64, "batch_size": 32}
JOB = TrainJob("toy", "joint", plan=PLAN)


class Toy(ToyTask):
    """It says what it is before it is built, as tasks do."""

    info = ToyTask().info


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MMLAB_DEVICE", "cpu")
    _ = len(TASKS)
    TASKS._items["toy"] = Toy
    yield
    del TASKS._items["toy"]
    fsspec.filesystem("memory").store.clear()


def weights(library: Library, job: TrainJob = JOB) -> dict[str, bytes]:
    found = safetensors.numpy.load_file(library.folder(job.task, job.method, job.folder) / "model.safetensors")
    return {name: value.tobytes() for name, value in found.items()}


def files_of(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_grid_over_a_store_leaves_the_files_of_a_local_one_in_both(tmp_path: Path) -> None:
    here, over, third = (Library(tmp_path / name) for name in ("here", "over", "third"))
    jobs = [TrainJob("toy", method, plan=PLAN) for method in ("joint", "mmanet")]
    assert all(isinstance(result, str) for _, result in grid.run(jobs, here, SerialExecutor()))
    results = {job.method: result for job, result in grid.run(jobs, over, SerialExecutor(), URL)}
    assert results == {name: f"{URL}/toy/{name}/seed0" for name in ("joint", "mmanet")}
    for job in jobs:
        folder = here.folder("toy", job.method, "seed0")
        assert files_of(over.folder("toy", job.method, "seed0")) == files_of(folder)
        assert weights(over, job) == weights(here, job)
    teachers = {(each.task, each.method, each.folder) for each in [teacher_of(jobs[1], METHODS["mmanet"].teachers[0])]}
    assert Store(URL).whole() == {("toy", "joint", "seed0"), ("toy", "mmanet", "seed0"), *teachers}
    stored_runs.bring_together(jobs, third, URL)
    assert not grid.missing(jobs, third)
    assert not [file for file in tmp_path.rglob("*/.*") if file.name != ".runs"]


def test_what_was_cut_off_goes_on_from_the_store_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight, over = Library(tmp_path / "straight"), Library(tmp_path / "over")
    for _ in train(JOB, straight):
        pass
    monkeypatch.setattr(stored_runs, "EVERY", 0.0)
    begun: list[int] = []

    def dies(job: TrainJob, library: Library) -> Iterator[object]:
        for progress in train(job, library):
            begun.append(progress.epoch)
            yield progress
            if len(begun) == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(stored_runs, "train", dies)
    with pytest.raises(KeyboardInterrupt):
        stored_runs.run_stored(JOB, URL)
    assert Store(URL).whole() == set()
    stored_runs.bring_together([JOB], over, URL)
    assert grid.missing([JOB], over) == [JOB]
    assert [result for _, result in grid.run([JOB], over, SerialExecutor(), URL)] == [f"{URL}/toy/joint/seed0"]
    assert begun == [0, 1, 2]
    assert weights(over) == weights(straight)
    assert STATE not in Store(URL)._names(("toy", "joint", "seed0"))


def test_what_only_the_library_has_comes_into_the_store(tmp_path: Path) -> None:
    library, other = Library(tmp_path / "library"), Library(tmp_path / "other")
    for _ in train(JOB, library):
        pass
    stored_runs.bring_together([JOB], library, URL)
    (other.folder("toy", "joint", "seed0")).mkdir(parents=True)
    stored_runs.bring_together([JOB], other, URL)
    assert weights(other) == weights(library)


def test_what_a_run_no_longer_holds_is_removed_and_the_report_comes_last(tmp_path: Path) -> None:
    library, run = Library(tmp_path), ("toy", "joint", "seed0")
    folder = library.folder(*run)
    (folder / "sweep").mkdir(parents=True)
    for name in ("model.safetensors", STATE, "sweep/logits.npy", ".map.npz.12-0123abcd"):
        (folder / name).write_bytes(b"0")
    store = Store(URL)
    store.put(library, run)
    assert store._names(run) == {"model.safetensors", STATE, "sweep/logits.npy"}
    assert store.whole() == set()
    (folder / STATE).unlink()
    (folder / "report.json").write_bytes(b"{}")
    store.put(library, run)
    assert store._names(run) == {"model.safetensors", "report.json", "sweep/logits.npy"}
    assert store.whole() == {run}


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("foo://bucket/models", DataError, "'foo://bucket/models' is no address of a store: Protocol not known: foo"),
        ("s3://me:secret@bucket/models", MissingExtra, "'s3://bucket/models' needs a package: Install s3fs"),
        ("file:///proc/nobody/models", StorageError, "does not give or take files"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_sentence(
    url: str, error: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(error, match=words) as caught:
        Store(url).put(_with_a_file(tmp_path), ("toy", "joint", "seed0"))
    assert "secret" not in str(caught.value)


def _with_a_file(place: Path) -> Library:
    folder = Library(place).folder("toy", "joint", "seed0")
    folder.mkdir(parents=True)
    (folder / "report.json").write_bytes(b"{}")
    return Library(place)


def test_the_grid_command_takes_an_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["grid", "--tasks", "toy", "--methods", "joint", "--seeds", "1", "--processes", "1", "--store", URL]
    words += [word for name, value in PLAN.items() for word in ("--plan", f"{name}={value}")]
    for place, said in (("one", "0 done before, 1 to do"), ("two", "1 done before, 0 to do")):
        assert main([*words, "--checkpoints", str(tmp_path / place)]) == 0
        assert said in capsys.readouterr().err
        assert (tmp_path / place / "toy" / "joint" / "seed0" / "report.json").is_file()
