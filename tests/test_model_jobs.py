"""Work on many trained models: the files of one at a time, stopped and gone on, shared, brought home to the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.cli.app import main
from mmlab.core.errors import CheckpointError, StorageError
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS
from mmlab.experiments import model_jobs, model_work
from mmlab.experiments.executors import SerialExecutor
from mmlab.inference import imputation
from mmlab.storage import checkpoints, disk_cache, leftovers, sweep_file
from mmlab.storage.file_lock import held
from mmlab.storage.library import ALIVE, Library
from mmlab.testing.toy_task import ToyTask
from tests.library import untrained

METHODS = ("ensemble", "joint", "dropout")


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "library"))
    monkeypatch.setenv("MMLAB_DEVICE", "cpu")
    _ = len(TASKS)
    TASKS._items["toy"] = ToyTask
    yield
    del TASKS._items["toy"]


@pytest.fixture
def models(toy: None, tmp_path: Path) -> tuple[Reference, ...]:
    """Three models that never learned anything, not measured."""
    return untrained(tmp_path / "library", "toy", *METHODS)


@pytest.fixture
def library(models: tuple[Reference, ...], tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def sweeps(models: tuple[Reference, ...]) -> list[model_jobs.ModelJob]:
    return model_jobs.jobs_of(models, model_work.SWEEP)


def measured(model: Reference) -> tuple[str, bytes]:
    """What was found: the report, and the answers of the sweep."""
    folder = Path(model.path)
    found = sweep_file.read(folder, checkpoints.digest_of(folder), ToyTask().info)
    return (folder / checkpoints.REPORT).read_text("utf-8"), found.logits.tobytes()


def notes_in(library: Library) -> list[Path]:
    return list(library.root.glob(".runs/**/*"))


def test_all_models_of_a_task_are_measured_as_one_is(
    models: tuple[Reference, ...], library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "-t", "toy", "-m", "joint", "--save"]) == 0
    alone = measured(models[1])
    assert main(["evaluate", "-t", "toy", "--save", "--processes", "1"]) == 0
    said = capsys.readouterr()
    assert "toy/dropout/seed0" in said.out
    assert "toy/joint/seed0: sweep is done, 3 of 3." in said.err
    assert measured(models[1]) == alone
    assert len({measured(each)[1] for each in models}) == 3
    assert not [file for file in notes_in(library) if file.is_file()]


def test_what_was_stopped_goes_on_and_the_next_command_begins_anew(
    models: tuple[Reference, ...], library: Library
) -> None:
    jobs = sweeps(models)
    running = model_jobs.run(jobs, library, SerialExecutor())
    assert next(running) == (jobs[0], None)
    running.close()  # type: ignore[attr-defined]  # as Ctrl-C does
    left = model_jobs.missing(jobs, library)
    assert left == jobs[1:]
    assert all(error is None for _, error in model_jobs.run(left, library, SerialExecutor()))
    assert not model_jobs.missing(jobs, library)
    assert model_jobs.missing(model_jobs.jobs_of(models, model_work.SWEEP, {"changed_data": True}), library)
    model_jobs.finish(jobs, library)
    assert model_jobs.missing(jobs, library) == jobs


def test_what_is_done_counts_for_these_weights_and_for_a_day(
    models: tuple[Reference, ...], library: Library, tmp_path: Path
) -> None:
    jobs = sweeps(models)
    assert len(list(model_jobs.run(jobs, library, SerialExecutor()))) == 3
    untrained(tmp_path / "library", "toy", "joint", training_seconds=2.0)
    (note,) = (file for file in notes_in(library) if file.name == model_jobs.DONE and "ensemble" in file.parts)
    old = time.time() - 2 * model_jobs.A_DAY
    os.utime(note, (old, old))
    assert model_jobs.missing(jobs, library) == jobs[:2]


def test_notes_of_a_command_that_nobody_goes_on_with_are_removed(
    models: tuple[Reference, ...], library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(model_jobs.run(sweeps(models), library, SerialExecutor()))
    leftovers.sweep(library.root)
    assert notes_in(library)
    monkeypatch.setattr(leftovers, "OLD_WORK", 0.0)
    leftovers.sweep(library.root)
    assert notes_in(library) == []


def test_one_that_fails_is_named_and_the_rest_go_on(
    models: tuple[Reference, ...], library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(models[0].path) / checkpoints.MODEL).write_bytes(b"no model")
    assert main(["evaluate", "-t", "toy", "--save", "--processes", "1", "--json"]) == 2
    said = capsys.readouterr()
    assert "toy/ensemble/seed0: sweep failed:" in said.err
    assert "The same command tries them again." in said.err
    assert (Path(models[2].path) / checkpoints.REPORT).is_file()
    assert [job.method for job in model_jobs.missing(sweeps(models), library)] == ["ensemble"]


def test_what_another_process_does_is_left_to_it(models: tuple[Reference, ...], library: Library) -> None:
    jobs, begun = sweeps(models), []

    class Engine(SerialExecutor):
        """Another process works on the first job until the others are done."""

        def map(self, work: Any, jobs: Any) -> Any:
            begun.append(list(jobs))
            if len(begun) == 1:
                with held(model_jobs._notes(jobs[0], library) / ALIVE):
                    yield from super().map(work, jobs)
            else:
                yield from super().map(work, jobs)

    results = list(model_jobs.run(jobs, library, Engine()))
    assert [job for job, _ in results] == [*jobs[1:], jobs[0]]
    assert [error for _, error in results] == [None] * 3
    assert begun == [jobs, jobs[:1]]


def test_how_far_a_job_is_stands_in_the_library(models: tuple[Reference, ...], library: Library) -> None:
    jobs = sweeps(models)
    notes = model_jobs._notes(jobs[1], library)
    with held(notes / ALIVE):
        assert model_jobs.under_way(jobs, library) == []
        (notes / model_jobs.SHARE).write_text("0.2500 30.0")
        assert model_jobs.under_way(jobs, library) == [model_jobs.RunningJob(jobs[1], 0.25, 90.0)]
        (notes / model_jobs.SHARE).write_text("0.25")
        assert model_jobs.under_way(jobs, library) == []
        (notes / model_jobs.SHARE).unlink()


def test_what_another_machine_computed_comes_into_the_cache_of_who_asked(
    models: tuple[Reference, ...], library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = model_jobs.jobs_of(models[:1], "imputation")

    class Elsewhere(SerialExecutor):
        def map(self, work: Any, jobs: Any) -> Any:
            for job in jobs:
                with monkeypatch.context() as there:
                    there.setenv("MMLAB_CACHE", str(tmp_path / "other"))
                    result = work(job)
                yield job, result

    assert model_jobs.missing(jobs, library) == jobs
    assert list(model_jobs.run(jobs, library, Elsewhere())) == [(jobs[0], None)]
    assert not model_jobs.missing(jobs, library)
    digest = checkpoints.digest_of(Path(models[0].path))
    found = imputation.stored(digest, "zeros", ToyTask().info)
    again = imputation.sweep_with_imputation(
        checkpoints.load(Path(models[0].path)).method, ToyTask().samples("test"), "zeros"
    )
    np.testing.assert_allclose(found.logits, again.logits, atol=1e-2)
    assert not [file for file in notes_in(library) if file.is_file()]


def test_what_pages_ask_of_models_is_computed_ahead(
    models: tuple[Reference, ...], library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(models[0].path) / checkpoints.REPORT).unlink(missing_ok=True)
    words = ["precompute", "-t", "toy", "-m", "joint", "--processes", "1"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "corruptions: No input of toy can be corrupted." in said.err
    assert "3 of 4 are there." in said.out
    assert main([*words, "--what", "dominance,validation"]) == 0
    assert "2 to do in all, 2 done before." in capsys.readouterr().err


def test_a_cache_without_room_is_a_sentence(
    models: tuple[Reference, ...], library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_cache, "save", lambda *_: None)  # as it does on a full disk
    ((_, error),) = model_jobs.run(model_jobs.jobs_of(models[:1], "dominance"), library, SerialExecutor())
    assert isinstance(error, StorageError)
    assert "cannot be kept in" in str(error)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["evaluate", "-t", "toy"], "Name --task and --method, or add --save"),
        (["evaluate", "-t", "toy", "-m", "joint", "--engine", "ray"], "add --save to measure several"),
        (["evaluate", "-m", "nobody", "--save"], "There is no such model in the library."),
        (["precompute", "-t", "toy", "--what", "everything"], "There is no 'everything' to compute."),
        (["map", "-t", "toy", "-m", "joint", "--gpus", "1"], "Add --engine ray."),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    words: list[str], sentence: str, models: tuple[Reference, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert sentence in capsys.readouterr().err


def test_an_only_job_fails_with_its_own_sentence(
    models: tuple[Reference, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise CheckpointError("There is no sweep.", "Make it.")

    monkeypatch.setattr(model_work, "build_map", refuse)
    assert main(["map", "-t", "toy", "-m", "joint"]) == 2
    assert capsys.readouterr().err == "There is no sweep. Make it.\n"


def test_a_model_that_is_gone_is_a_sentence(library: Library) -> None:
    with pytest.raises(CheckpointError, match="There is no trained gmd for toy"):
        model_jobs.missing([model_jobs.ModelJob(model_work.SWEEP, "toy", "gmd", "seed0")], library)
