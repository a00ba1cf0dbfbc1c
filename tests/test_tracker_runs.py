"""Trainings as runs of MLflow and of Weights & Biases: what is called, by stand-ins, and what the packages hold."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmlab.cli.run_logs import follow
from mmlab.core.errors import MissingExtra, StorageError
from mmlab.core.task import TASKS
from mmlab.experiments.training_logs import KINDS, followed_run, open_log
from mmlab.experiments.training_logs.followed_run import FollowedRun, TrackerError, numbers
from mmlab.storage import progress_file
from mmlab.storage.library import SHIPPED
from mmlab.viz.dominance.training_pictures import Frame, pictures

RUN = SHIPPED / "watch" / "dmrnet" / "seed0"
ROWS = progress_file.whole_lines(RUN)
INFO = TASKS["watch"]().info
TRACKERS = ("mlflow", "wandb")


def followed(root: Path, **settings: Any) -> FollowedRun:
    return FollowedRun(root, "watch", "dmrnet", "seed0", {"seed": 0, "config.hard": 0.3, **settings}, INFO)


def part_of_run(folder: Path, epochs: int, scale: float = 1.0) -> Path:
    folder.mkdir(exist_ok=True)
    rows = [{**row, "mean": scale * row["mean"]} for row in ROWS[:epochs]]
    (folder / "progress.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


class Tracker:
    """What a stand-in was told: runs by number with their settings, histories by name, pictures and how they ended."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.is_away = False

    def run(self, number: str, name: str) -> dict[str, Any]:
        empty = {"name": name, "settings": {}, "history": [], "pictures": [], "ended": []}
        return self.runs.setdefault(number, empty)

    def note(self, number: str, name: str, epoch: int, value: float) -> None:
        self.runs[number]["history"].append((name, epoch, value))

    def picture(self, number: str, name: str, epoch: int, pixels: Any) -> None:
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        self.runs[number]["pictures"].append((name, epoch))


class Trouble(Exception):
    """What both packages raise about their servers."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class Client:
    """MLflow's, as far as it is called."""

    told: Tracker

    def __init__(self, tracking_uri: str) -> None:
        assert re.match(r"sqlite:///.*/mlflow\.db", tracking_uri)

    def get_experiment_by_name(self, name: str) -> None:
        assert name == "mmlab/watch"

    def create_experiment(self, name: str, artifact_location: str) -> str:
        return "1"

    def create_run(self, experiment: str, run_name: str, tags: Mapping[str, str]) -> Any:
        number = f"run{len(self.told.runs)}"
        self.told.run(number, run_name)
        return SimpleNamespace(info=SimpleNamespace(run_id=number))

    def get_run(self, number: str) -> Any:
        if number not in self.told.runs:
            raise Trouble("no such run")
        return SimpleNamespace(info=SimpleNamespace(lifecycle_stage="active"))

    def update_run(self, number: str, status: str) -> None:
        assert status == "RUNNING"

    def log_batch(self, number: str, metrics: Any = (), params: Any = ()) -> None:
        if self.told.is_away:
            raise Trouble("Connection refused")
        assert len(metrics) <= 1000
        self.told.runs[number]["settings"] |= dict(params)
        for name, value, _, step in metrics:
            self.told.note(number, name, step, value)

    def log_image(self, number: str, image: Any, key: str, step: int) -> None:
        self.told.picture(number, key, step, image)

    def set_terminated(self, number: str, status: str) -> None:
        self.told.runs[number]["ended"].append(status == "FINISHED")


def mlflow_stand_in(told: Tracker) -> Mapping[str, ModuleType]:
    entities = {"Param": lambda *each: each, "Metric": lambda *each: each}
    return {
        "mlflow": _module("mlflow", MlflowClient=type("MlflowClient", (Client,), {"told": told})),
        "mlflow.entities": _module("mlflow.entities", **entities),
        "mlflow.exceptions": _module("mlflow.exceptions", MlflowException=Trouble),
    }


def wandb_stand_in(told: Tracker) -> Mapping[str, ModuleType]:
    class Run:
        def __init__(self, number: str) -> None:
            self.number = number

        def define_metric(self, name: str, **how: Any) -> None:
            assert name == "epoch" or how == {"step_metric": "epoch"}

        def log(self, row: Mapping[str, Any]) -> None:
            if told.is_away:
                raise Trouble("Connection refused")
            for name, value in row.items():
                if isinstance(value, SimpleNamespace):
                    told.picture(self.number, name, row["epoch"], value.pixels)
                elif name != "epoch":
                    told.note(self.number, name, row["epoch"], value)

        def finish(self, exit_code: int) -> None:
            told.runs[self.number]["ended"].append(exit_code == 0)

    def init(**given: Any) -> Run:
        assert (given["mode"], given["resume"], given["project"]) == ("offline", "allow", "mmlab")
        told.run(given["id"], given["name"])["settings"] |= {k: str(v) for k, v in given["config"].items()}
        return Run(given["id"])

    whole = _module("wandb", init=init, Settings=lambda **_: None, Image=lambda pixels: SimpleNamespace(pixels=pixels))
    return {"wandb": whole, "wandb.errors": _module("wandb.errors", Error=Trouble)}


def _module(name: str, **inside: Any) -> ModuleType:
    found = ModuleType(name)
    vars(found).update(inside)
    return found


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longest."""
    monkeypatch.setattr(followed_run, "MOST_PICTURES", 2)
    for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=TRACKERS)
def tracker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Tracker]:
    """The kind, and what its stand-in is told."""
    told = Tracker()
    stand_in = {"mlflow": mlflow_stand_in, "wandb": wandb_stand_in}[request.param](told)
    for name, module in stand_in.items():
        monkeypatch.setitem(sys.modules, name, module)
    return request.param, told


def written(kind: str, root: Path, *epochs: int, scale: float = 1.0, **settings: Any) -> None:
    """One command: open, follow after each of these epochs, close."""
    log = open_log(kind, followed(root, **settings))
    for epoch in epochs:
        log.follow(part_of_run(root / "run", epoch, scale))
    log.close()


def test_a_tracker_has_every_number_the_settings_and_the_pictures_once_though_it_was_cut_off(
    tracker: tuple[str, Tracker], tmp_path: Path
) -> None:
    kind, told = tracker
    written(kind, tmp_path, 1, 5)
    written(kind, tmp_path, 6, 20)  # gone on with by another process
    written(kind, tmp_path, 20)  # trained already
    (run,) = told.runs.values()
    assert run["name"] == "watch/dmrnet/seed0"
    assert run["settings"] == {"seed": "0", "config.hard": "0.3"}
    assert run["history"] == [(name, row["epoch"], value) for row in ROWS for name, value in numbers(row)]
    assert run["pictures"] == [(name, at) for at in (9, 19) for name in ("lattice", "dominance")]
    assert run["ended"] == [False, True, True]


def test_a_training_from_the_beginning_or_with_other_settings_is_another_run(
    tracker: tuple[str, Tracker], tmp_path: Path
) -> None:
    kind, told = tracker
    written(kind, tmp_path, 2)
    written(kind, tmp_path, 1, scale=0.9)  # --restart, after a change of the code
    written(kind, tmp_path, 1, scale=0.9, threads=2)
    assert [len({epoch for _, epoch, _ in run["history"]}) for run in told.runs.values()] == [2, 1, 1]


def test_a_server_that_goes_away_stops_no_training_and_the_next_epoch_brings_the_rest(
    tracker: tuple[str, Tracker], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kind, told = tracker
    log = open_log(kind, followed(tmp_path))
    follow(log, part_of_run(tmp_path / "run", 1))
    told.is_away = True
    follow(log, part_of_run(tmp_path / "run", 2))
    assert "Connection refused" in capfd.readouterr().err
    told.is_away = False
    follow(log, part_of_run(tmp_path / "run", 3))
    (run,) = told.runs.values()
    assert [epoch for name, epoch, _ in run["history"] if name == "mean"] == [0, 1, 2]


@pytest.mark.parametrize("kind", TRACKERS)
def test_without_the_extra_the_sentence_says_what_to_install(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'mmlab\[{kind}\]'"):
        open_log(kind, followed(tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_cannot_be_written_to_is_said_before_the_training(kind: str, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StorageError, match="--log-folder"):
        open_log(kind, followed(tmp_path / "logs"))


def test_a_server_of_mlflow_that_does_not_answer_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, module in mlflow_stand_in(Tracker()).items():
        monkeypatch.setitem(sys.modules, name, module)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    with pytest.raises(TrackerError, match=f"does not answer at http://127.0.0.1:{port}") as said:
        open_log("mlflow", followed(tmp_path))
    assert "secret" not in str(said.value)


def test_the_pictures_show_what_the_epochs_have() -> None:
    frame = Frame.of(INFO)
    bare = [{"epoch": 0, "metrics": {}, "logs": {}, "gradient_norm": {}}]
    assert pictures(bare, frame, "nothing") == {}
    unknown = [{"epoch": 0, "metrics": {"smell": {"accuracy": 0.5}}}]
    assert pictures(unknown, frame, "$x^ of others") == {}
    found = pictures(ROWS, frame, "watch/dmrnet/seed0")
    assert set(found) == {"lattice", "dominance"}
    assert all(len(np.unique(each.reshape(-1, 3), axis=0)) > 50 for each in found.values())
    other = [*ROWS[:-1], {**ROWS[-1], "metrics": {"gyroscope": {"accuracy": 0.1}}}]
    again = pictures(other, frame, "watch/dmrnet/seed0")
    assert again["lattice"].shape != found["lattice"].shape
    np.testing.assert_array_equal(again["dominance"], found["dominance"])


def test_mlflow_itself_holds_the_run(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: pip install 'mmlab[mlflow]'")
    written("mlflow", tmp_path, 1, 3)
    written("mlflow", tmp_path, 20)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("mmlab/watch")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("watch/dmrnet/seed0", "FINISHED")
    assert run.data.params == {"seed": "0", "config.hard": "0.3"}
    history = client.get_metric_history(run.info.run_id, "metrics/accelerometer-gyroscope/accuracy")
    wanted = [row["metrics"]["accelerometer-gyroscope"]["accuracy"] for row in ROWS]
    assert [each.value for each in sorted(history, key=lambda each: each.step)] == pytest.approx(wanted)
    names = {Path(each.path).name.split("+")[0] for each in client.list_artifacts(run.info.run_id, "images")}
    assert names == {"lattice", "dominance"}


def test_wandb_itself_holds_the_run(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="Weights & Biases is not installed: pip install 'mmlab[wandb]'")
    written("wandb", tmp_path, 1, 3)
    written("wandb", tmp_path, 20)
    first, second = sorted((tmp_path / "wandb").glob("offline-run-*"), key=lambda folder: folder.stat().st_mtime_ns)
    (one,), (two,) = first.glob("run-*.wandb"), second.glob("run-*.wandb")
    assert one.name == two.name, "one run, in two parts"
    assert b"metrics/accelerometer-gyroscope/accuracy" in one.read_bytes()
    images = {path.name.split("_")[0] for path in second.rglob("*.png")}
    assert images == {"lattice", "dominance"}
