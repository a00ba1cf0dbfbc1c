"""A full disk, a read-only folder, a missing permission: one sentence, exit code 2, nothing left behind."""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path

import numpy as np
import pytest

from mmlab.analysis.embedding import umap_worker
from mmlab.analysis.embedding.maps import Map
from mmlab.cli.app import main
from mmlab.core.errors import DataError, StorageError
from mmlab.core.options import build
from mmlab.core.results import Projection
from mmlab.core.storage_errors import storage_errors
from mmlab.core.training_plan import Plan
from mmlab.experiments import grid
from mmlab.experiments.executors import Processes, SerialExecutor
from mmlab.experiments.train_job import TrainJob
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.library import Library

TRAIN = ["train", "--task", "watch", "--method", "joint", "--plan", "epochs=1", "--plan", "samples=64"]


def failing(code: int) -> object:
    def replace(source: object, target: object) -> None:
        raise OSError(code, os.strerror(code), str(target))

    return replace


@pytest.mark.parametrize(("code", "sentence"), [(errno.ENOSPC, "no room left"), (errno.EROFS, "not allowed")])
def test_a_disk_that_takes_nothing_gets_its_sentence(
    code: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.replace", failing(code))
    assert main([*TRAIN, "--checkpoints", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Errno" not in said
    assert not [file for file in tmp_path.rglob("*") if file.name.startswith(".") and file.is_file()]


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    write_atomically(file, b"old")
    monkeypatch.setattr("os.replace", failing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
    assert file.read_bytes() == b"old"


def test_other_errors_of_the_system_stay_what_they_are() -> None:
    with pytest.raises(FileNotFoundError), storage_errors():
        raise FileNotFoundError(errno.ENOENT, "No such file", "x")


def test_a_grid_stops_at_the_first_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.replace", failing(errno.ENOSPC))
    words = [
        "grid",
        "--tasks",
        "watch",
        "--methods",
        "joint,dropout,ensemble",
        "--seeds",
        "2",
        "--processes",
        "1",
        "--json",
    ]
    assert main([*words, "--plan", "epochs=1", "--plan", "samples=64", "--checkpoints", str(tmp_path)]) == 2
    assert len(list(tmp_path.glob("watch/*/*"))) <= 1


@pytest.mark.parametrize("writable", [True, False])
def test_a_map_that_cannot_be_put_beside_its_model_is_said(
    writable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only library before the minute that a map takes, a full disk after it; no temporary name in either."""
    (tmp_path / "model.safetensors").touch()
    points = np.zeros((1, 2, 2), np.float32)
    made = Map(Projection(points, None, "umap", {}, ""), np.zeros(101), 0.0)
    monkeypatch.setattr(umap_worker.sweep_file, "read", lambda folder, digest: None)
    monkeypatch.setattr(umap_worker, "fit", lambda *given: made if writable else pytest.fail("it was worked on"))
    monkeypatch.setattr("os.access", lambda path, mode: writable)
    monkeypatch.setattr("os.replace", failing(errno.ENOSPC))
    with pytest.raises(StorageError) as found:
        umap_worker.main(tmp_path, umap_worker.MapSettings(), tmp_path)
    assert ("no room left" if writable else "not allowed") in found.value.message
    assert str(tmp_path) in found.value.message
    assert [each.name for each in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_job_that_meets_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.replace", failing(errno.ENOSPC))
    jobs = [TrainJob("watch", "joint", {}, {"epochs": 1, "samples": 64})]
    assert [type(found) for _, found in grid.run(jobs, Library(tmp_path), SerialExecutor())] == [StorageError]


def _itself(value: int) -> int:
    return value


def test_who_stops_asking_gets_no_more() -> None:
    found = Processes(1).map(_itself, range(8))
    assert next(found)[1] in range(8)
    found.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "hint"), [({"samples": -5}, "0 or more"), ({"samples": 1}, "2 or more"), ({"epochs": 0}, "1 to 1000")]
)
def test_a_plan_that_cannot_be_says_what_can(values: dict[str, int], hint: str) -> None:
    with pytest.raises(DataError, match=hint):
        build(Plan, values)


def test_commands_that_are_printed_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my data #1"
    assert main(["example", str(folder)]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if "my data" in line]
    assert main(["check", str(folder)]) == 0
    lines += [capsys.readouterr().out.strip().splitlines()[-1].partition(": ")[2]]
    (folder / "manifest.csv").write_text("id,split\n")
    assert main(["train", "--task", str(folder), "--method", "joint"]) == 2
    lines += [capsys.readouterr().err.partition("See all: ")[2]]
    for line in lines[1:]:  # the first one is no command
        words = shlex.split(line, comments=True)
        assert any(str(folder) in word for word in words), line
