"""Jobs on several machines, as far as one can stand for them: nodes of a Ray cluster, one of which is killed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from mmlab.cli.app import main
from mmlab.core.errors import DataError, MissingExtra, StorageError
from mmlab.core.task import TASKS
from mmlab.experiments import grid, model_jobs, ray_engine
from mmlab.experiments.executors import SerialExecutor, Share, opened
from mmlab.experiments.train_job import TrainJob
from mmlab.storage import checkpoints, leftovers, sweep_file
from mmlab.storage.checkpoints import digest_of
from mmlab.storage.library import Library
from tests.library import untrained
from tests.nearly import same_json, same_weights

EPOCHS = 5
PLAN = {"epochs": EPOCHS, "batch_size": 96, "source": "built-in", "augment": True}
JOBS = [TrainJob("toyed", method, {}, PLAN, seed) for method in ("joint", "dropout") for seed in range(6)]
NODE = {"num_cpus": 1, "object_store_memory": ray_engine.OBJECTS, "include_dashboard": False}

# Writes down every step; on a node that is to be killed it stands still in its third epoch
TOY = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from mmlab.core.task import TASKS
from mmlab.testing.toy_task import ToyTask

NOTES = Path(__file__).parent / "notes"


@TASKS.register("toyed")
class Toyed(ToyTask):
    info = replace(ToyTask().info, name="toyed")
    steps = 0

    def __init__(self):
        super().__init__()
        self.name, self.info = "toyed", type(self).info

    def samples(self, split, source="built-in"):
        if split == "test" and (NOTES / "dies").exists() and "ray" in sys.modules:
            (NOTES / "dies").unlink()
            os._exit(1)
        return super().samples(split, source)

    def augment(self, inputs, seed):
        with (NOTES / "steps").open("a") as notes:
            notes.write(f"{seed}\\n")
        self.steps += 1
        ray = sys.modules.get("ray")
        if ray is not None and ray.is_initialized() and self.steps == 3:
            while (NOTES / ray.get_runtime_context().get_node_id()).exists():
                (NOTES / "still").touch()
                time.sleep(0.05)
        return super().augment(inputs, seed)
"""


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plug-in with the toy, and where it writes."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "toyed.py").write_text(TOY)
    (folder / "notes").mkdir()
    return folder / "notes"


@pytest.fixture(autouse=True)
def plugged(notes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MMLAB_PLUGINS", str(notes.parent))
    assert "toyed" in TASKS
    yield
    monkeypatch.setenv("MMLAB_PLUGINS", "")
    assert "toyed" not in TASKS


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes of one core each."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install ray==2.60.0")
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ |= ray_engine.QUIET
    nodes = Cluster(initialize_head=True, head_node_args=NODE)
    nodes.add_node(**NODE)
    nodes.killed = nodes.add_node(**NODE)
    yield nodes
    nodes.shutdown()
    for name in set(os.environ) - set(before):
        del os.environ[name]


def weights(library: Library, job: TrainJob) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(library.folder(job.task, job.method, job.folder) / checkpoints.MODEL)


def until(is_so: Any) -> None:
    for _ in range(2400):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("It takes too long.")


@pytest.mark.slow
def test_a_grid_over_three_nodes_of_which_one_is_killed_is_as_without(
    cluster: Any, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ray_engine.ADDRESS, cluster.address)
    over, here = Library(tmp_path / "ray"), Library(tmp_path / "here")
    (notes / cluster.killed.node_id).touch()
    wanted = [*JOBS, TrainJob("toyed", "joint", {"nothing": 1}, PLAN, tag="wrong")]
    with opened("ray", over.root) as engine:
        running = grid.run(wanted, over, engine)
        results = [next(running)]
        until((notes / "still").exists)
        standing: list[grid.RunningJob] = []

        def stands_alone() -> bool:  # others may be in their third epoch too, for a moment
            standing[:] = [each for each in grid.under_way(JOBS, over) if each.epoch == 2]
            return len(standing) == 1

        until(stands_alone)
        (far,) = standing
        assert far.epochs == EPOCHS
        assert far.seconds is not None
        cluster.remove_node(cluster.killed, allow_graceful=False)
        results += running
    failed = {job.folder: str(result) for job, result in results if isinstance(result, Exception)}
    assert list(failed) == ["wrong"], failed
    assert "There is no option 'nothing'" in failed["wrong"]
    assert len(results) == len(wanted)
    counted = Counter(Counter((notes / "steps").read_text().split()).values())
    assert counted == {2: len(JOBS) // 2 * EPOCHS - 1, 3: 1}, "only the step that was cut off was done again"
    for _ in grid.run(JOBS, here, SerialExecutor()):
        pass
    for job in JOBS:
        same_weights(weights(over, job), weights(here, job))
    files = [{str(f.relative_to(each.root)) for f in each.root.rglob("*") if f.is_file()} for each in (over, here)]
    assert files[0] == files[1]


@pytest.mark.slow
def test_who_stops_a_grid_finds_it_going_on(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ray_engine.ADDRESS, cluster.address)
    library, jobs = Library(tmp_path), [replace(job, tag=f"stopped-{job.seed}") for job in JOBS[:4]]
    with opened("ray", library.root, count=2) as engine:
        running = grid.run(jobs, library, engine)
        assert isinstance(next(running)[1], str)
        running.close()  # as Ctrl-C does
        left = grid.missing(jobs, library)
        assert 1 <= len(left) <= 3
        assert all(isinstance(result, str) for _, result in grid.run(left, library, engine))
    assert not grid.missing(jobs, library)
    leftovers.sweep(tmp_path, age=0.0)  # as the next command does: what was stopped may have been writing
    assert not [file for file in tmp_path.rglob(".*") if file.name != ".runs"]


@pytest.mark.slow
def test_models_are_measured_over_nodes_as_without_though_a_process_dies(
    cluster: Any, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMLAB_DEVICE", "cpu")
    homes = {}
    for engine in ("ray", "processes"):
        monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / f"{engine}-cache"))
        library = Library(tmp_path / engine)
        models = untrained(library.root, "toyed", "joint", "dropout")
        jobs = [job for what in ("sweep", "dominance", "imputation") for job in model_jobs.jobs_of(models, what)]
        if engine == "ray":
            monkeypatch.setenv(ray_engine.ADDRESS, cluster.address)
            (notes / "dies").touch()
        with opened(engine, library.root, 1 if engine == "processes" else 2) as opening:
            results = list(model_jobs.run(jobs, library, opening))
        assert {job.name: error for job, error in results} == {job.name: None for job in jobs}
        assert not (notes / "dies").exists()
        model_jobs.finish(jobs, library)
        folders = [library.root, tmp_path / f"{engine}-cache"]
        homes[engine] = {
            str(file.relative_to(folder)): json.loads(file.read_text("utf-8")) if file.suffix == ".json" else None
            for folder in folders
            for file in folder.rglob("*")
            if file.is_file()
        }
    assert same_json(homes["ray"], homes["processes"])
    assert sum(name.startswith("rules") for name in homes["ray"]) == 8
    for name in ("joint", "dropout"):
        folders = [tmp_path / engine / "toyed" / name / "seed0" for engine in homes]
        one, other = (sweep_file.read(folder, digest_of(folder)) for folder in folders)
        np.testing.assert_allclose(one.logits, other.logits, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_machines_without_a_folder_in_common_train_into_a_store(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ray_engine.ADDRESS, cluster.address)
    over, here = Library(tmp_path / "over"), Library(tmp_path / "here")
    jobs = [replace(job, plan={**PLAN, "epochs": 2}) for job in JOBS[:2]]
    with opened("ray", None) as engine:
        results = [result for _, result in grid.run(jobs, over, engine, f"file://{tmp_path}/store")]
    assert sorted(map(str, results)) == [f"file://{tmp_path}/store/toyed/joint/seed{seed}" for seed in range(2)]
    for _ in grid.run(jobs, here, SerialExecutor()):
        pass
    for job in jobs:
        same_weights(weights(over, job), weights(here, job))


def test_without_ray_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install \"mmlab\[ray\]\""), opened("ray", tmp_path):
        pass


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense", "host:99999999"])
def test_an_address_where_nobody_answers_is_a_sentence_at_once(address: str) -> None:
    with pytest.raises(DataError, match=f"No Ray cluster answers at RAY_ADDRESS={address}"):
        ray_engine._check_address(address)


def test_a_share_that_no_machine_has_is_a_sentence() -> None:
    nodes = [{"Alive": True, "Resources": {"CPU": 8.0}}, {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}]
    ray: Any = SimpleNamespace(nodes=lambda: nodes)
    ray_engine._check_share(ray, Share(8))
    with pytest.raises(DataError, match=r"No machine of the cluster has 1 CPUs and 0\.5 GPUs"):
        ray_engine._check_share(ray, Share(1, 0.5))


def test_a_machine_that_does_not_see_the_library_says_so(tmp_path: Path) -> None:
    found = ray_engine._do(({}, str(Path.cwd()), str(tmp_path / "mark")), [], None)
    assert isinstance(found, DataError)
    assert "does not see the folder" in found.message


def test_what_ray_says_of_disks_and_machines_is_a_sentence(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install ray==2.60.0")

    def get(error: Exception) -> Any:
        raise error

    jobs = ray_engine.RayJobs(SimpleNamespace(get=get, exceptions=ray.exceptions), tmp_path, Share())  # type: ignore[arg-type]
    assert isinstance(jobs._result(ray.exceptions.OutOfDiskError("The disk is full.")), StorageError)
    assert "ended 6 times" in str(jobs._result(ray.exceptions.WorkerCrashedError()))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--cpus", "2"], "Add --engine ray"), (["--engine", "ray", "--device", "cuda"], "--gpus 0.5")],
)
def test_options_that_do_not_go_together_are_a_sentence(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["grid", "--tasks", "watch", "--methods", "joint", "--checkpoints", str(tmp_path)]
    assert main([*asked, *words]) == 2
    assert sentence in capsys.readouterr().err
