"""Whole runs: what a training leaves in the library, teachers, failures, and many runs at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from mmlab.core.errors import MmlabError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments import grid, train_job
from mmlab.experiments.ablations import with_ladder
from mmlab.experiments.background.manager import TrainingQueue
from mmlab.experiments.executors import Processes, SerialExecutor
from mmlab.experiments.recorders.embedding_maps import EPOCH_MAPS
from mmlab.experiments.train_job import TrainedElsewhere, TrainJob, claim
from mmlab.inference.sweep import sweep
from mmlab.storage import checkpoints, sweep_file
from mmlab.storage.checkpoints import PROGRESS
from mmlab.storage.library import ALIVE, Library
from mmlab.testing.toy_task import ToyTask

PLAN = {"epochs": 3, "batch_size": 32, "source": "built-in"}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    TASKS.discover()
    monkeypatch.setitem(TASKS._items, "toy", ToyTask)
    return Library(tmp_path)


def run(library: Library, **job: object) -> Path:
    wanted = TrainJob(**{"task": "toy", "method": "dropout", "plan": PLAN, **job})  # type: ignore[arg-type]
    return Path(train_job.run_train(wanted, str(library.root)))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(folder / checkpoints.MODEL)


def test_a_run_leaves_a_checkpoint_a_report_a_log_and_a_sweep(library: Library):
    folder = run(library)
    assert {file.name for file in folder.iterdir()} == {
        checkpoints.MODEL,
        checkpoints.REPORT,
        checkpoints.PROGRESS,
        checkpoints.SWEEP,
        EPOCH_MAPS,
    }
    loaded = checkpoints.load(folder)
    report = checkpoints.read_json(folder / checkpoints.REPORT)
    assert report["digest"] == loaded.digest
    found = sweep(loaded.method, ToyTask().samples("test"))
    assert report["sources"]["built-in"] == json.loads(json.dumps(train_job.summary(found, loaded.method)))
    stored = sweep_file.read(folder, loaded.digest)
    np.testing.assert_allclose(stored.logits, found.logits, rtol=2e-3, atol=0.51 / sweep_file.FINEST)
    lines = [json.loads(line) for line in (folder / checkpoints.PROGRESS).read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert lines[0]["gradient_norm"].keys() == {"m0", "m1", "m2"}


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(library: Library):
    first, again, other = run(library, tag="a"), run(library, tag="b"), run(library, seed=1)
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(first).items())
    assert not all(torch.equal(value, weights(other)[name]) for name, value in weights(first).items())


def test_the_card_says_what_the_model_is(library: Library):
    card = checkpoints.read_card(run(library, method="dmrnet", config={"alpha": "0.5"}))
    assert card["method"] == "dmrnet"
    assert card["config"]["alpha"] == 0.5
    assert card["plan"]["epochs"] == 3
    assert card["parameters"] == sum(
        p.numel() for p in checkpoints.load(library.root / "toy/dmrnet/seed0").method.parameters()
    )
    assert "validation" in card["selection"]


def test_a_teacher_is_trained_first_and_only_once_and_never_passes_for_an_ordinary_run(library: Library):
    run(library, method="mmanet")
    (teacher,) = (library.root / "toy" / "joint").iterdir()
    assert teacher.name.startswith("teacher-")
    made = (teacher / checkpoints.MODEL).stat().st_mtime_ns
    run(library, method="mmanet", tag="again")
    assert (teacher / checkpoints.MODEL).stat().st_mtime_ns == made
    assert TrainJob("toy", "mmanet").folder == "seed0"
    assert train_job._teacher_tag(TrainJob("toy", "mmanet")) == ""
    assert not any("teacher" in name for name in weights(library.root / "toy/mmanet/seed0"))


def test_an_unknown_method_and_a_bad_option_are_sentences(library: Library):
    with pytest.raises(UnknownName, match="Did you mean 'dmrnet'"):
        run(library, method="dmrnt")
    with pytest.raises(MmlabError, match="There is no option 'klx'"):
        run(library, method="dmrnet", config={"klx": 1})


def test_a_grid_trains_what_is_missing_and_goes_on_after_a_failure(library: Library):
    wanted = grid.grid_jobs(["toy"], ["mmanet", "joint"], range(2), PLAN)
    assert [job.method for job in wanted] == ["joint", "joint", "mmanet", "mmanet"]
    wanted.insert(1, TrainJob("toy", "dropout", {"nothing": 1}, PLAN))
    failed = [job for job, result in grid.run(wanted, library, SerialExecutor()) if isinstance(result, Exception)]
    assert [job.method for job in failed] == ["dropout"]
    assert grid.missing(wanted, library) == failed
    assert grid.share_done(wanted, library) == pytest.approx(4 * 3 / (4 * 3 + 3))


def test_ladders_are_made_of_options_that_exist():
    for method in with_ladder():
        found = grid.ladder_jobs("toy", method, range(2))
        tags = [job.folder for job in found]
        assert len(set(tags)) == len(tags)
        assert {"seed0", "seed1"} <= set(tags)
        for job in found:
            assert set(job.config) <= set(METHODS[method].Config.__dataclass_fields__)
    with pytest.raises(UnknownName, match="no ablation ladder"):
        grid.ladder("joint")


def test_of_a_ladder_some_steps_can_be_trained_alone():
    found = grid.ladder_jobs("toy", "m3ixup", range(2), rungs=("unlabelled",))
    assert [job.folder for job in found] == ["ablation-unlabelled-seed0", "ablation-unlabelled-seed1"]
    assert all(job.config == {"labels": "probe"} for job in found)
    with pytest.raises(UnknownName, match="no step 'unlabeled'"):
        grid.ladder_jobs("toy", "m3ixup", range(2), rungs=("unlabeled",))


def test_processes_carry_results_and_errors_back():
    results = dict(Processes(2).map(_half, [2, 4, 5]))
    assert results[2] == 1
    assert results[4] == 2
    assert isinstance(results[5], MmlabError)
    assert results[5].hint == "Give an even one."


def _half(number: int) -> int:
    if number % 2:
        raise MmlabError("The number is odd.", "Give an even one.")
    return number // 2


def test_one_name_is_trained_by_one_process(library: Library):
    tmp_path = library.root
    job = TrainJob("toy", "joint", {}, {"epochs": 1})
    with claim(job, library):
        with pytest.raises(TrainedElsewhere, match="being trained already"):
            next(iter(train_job.train(job, library)))
        assert TrainingQueue(library).all() == (), "no record is made of what the command line trains"
    list(train_job.train(job, library))
    assert not [file for file in tmp_path.rglob("*") if file.name == ALIVE], "no lock is left behind"


def test_two_grids_share_the_work(library: Library):
    """What another process trains is left to it, and is done when it has done it."""
    jobs = [TrainJob("toy", "joint", {}, {"epochs": 1}, seed) for seed in (0, 1)]
    other, first = threading.Event(), threading.Event()

    def elsewhere() -> None:
        with claim(jobs[0], library):
            other.set()
            first.wait()
            list(train_job.train(jobs[0], library, claimed=True))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    other.wait()
    done = []
    for each in grid.run(jobs, library, SerialExecutor()):
        done.append(each)
        first.set()
    thread.join()
    assert [(job.seed, type(result)) for job, result in done] == [(1, str), (0, str)], done
    assert (library.folder("toy", "joint", "seed0") / PROGRESS).read_text().count("\n") == 1, "trained once"
