"""Killed at any moment: a model is there, old or new; what is left behind is found and removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from mmlab.cli.app import main
from mmlab.storage import atomic_files, leftovers
from mmlab.storage.atomic_files import hidden, put_folder, remove_folder, write_atomically

PACKAGE = Path(__file__).resolve().parents[1]
GONE = 2**22 + 1  # no process has this number: Linux counts to 2**22


class Killed(BaseException):
    """What ends a process, as far as it can be told from inside."""


def filled(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text(text)
    (folder / "report.json").write_text(text)
    return folder


def texts(folder: Path) -> set[str]:
    return {file.read_text() for file in folder.iterdir()}


def killing_at(moment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise Killed at the `moment`-th change of names."""
    left = [moment]

    def watched(function: object) -> object:
        def call(*given: object, **named: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return function(*given, **named)  # type: ignore[operator]

        return call

    monkeypatch.setattr("os.rename", watched(os.rename))
    monkeypatch.setattr("shutil.rmtree", watched(atomic_files.shutil.rmtree))
    monkeypatch.setattr(atomic_files, "_exchange", watched(atomic_files._exchange))


def as_of_a_dead_process(root: Path) -> None:
    for place in list(root.rglob(".*")):
        place.rename(place.with_name(place.name.replace(f".{os.getpid()}-", f".{GONE}-")))


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("moment", range(5))
def test_a_model_that_is_replaced_is_there_at_every_moment(
    moment: int, can_exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = filled(tmp_path / "watch" / "joint" / "seed0", "old")
    coming = filled(hidden(target), "new")
    if not can_exchange:
        monkeypatch.setattr(atomic_files, "_exchange", lambda one, other: False)
    with monkeypatch.context() as patched:
        killing_at(moment, patched)
        try:
            put_folder(coming, target)
        except Killed:
            assert target.is_dir() or not can_exchange
    as_of_a_dead_process(tmp_path)
    leftovers.sweep(tmp_path)
    assert texts(target) in ({"old"}, {"new"})
    leftovers.sweep(tmp_path, age=-1)
    assert [each.name for each in target.parent.iterdir()] == ["seed0"]


def test_what_cannot_take_its_place_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_files, "_exchange", lambda one, other: False)
    target = filled(tmp_path / "seed0", "old")
    with pytest.raises(FileNotFoundError):
        put_folder(tmp_path / ".missing", target)
    assert texts(target) == {"old"}
    assert [each.name for each in tmp_path.iterdir()] == ["seed0"]


LOOP = """
import sys
from pathlib import Path
from mmlab.storage.atomic_files import hidden, put_folder
target = Path(sys.argv[1])
for number in range(10**6):
    coming = hidden(target)
    coming.mkdir(parents=True)
    (coming / "model.safetensors").write_text(str(number))
    put_folder(coming, target)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_a_process_killed_while_it_replaces_a_model_leaves_one(tmp_path: Path) -> None:
    target = tmp_path / "watch" / "joint" / "seed0"
    for lines in (3, 11, 29):
        with subprocess.Popen([sys.executable, "-c", LOOP, str(target)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        leftovers.sweep(tmp_path)
        assert (target / "model.safetensors").read_text().isdigit()
    leftovers.sweep(tmp_path, age=-1)
    assert [each.name for each in target.parent.iterdir()] == ["seed0"]


def test_a_removed_model_is_gone_at_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = filled(tmp_path / "watch" / "joint" / "seed0", "old")
    with monkeypatch.context() as patched:
        killing_at(1, patched)
        with pytest.raises(Killed):
            remove_folder(folder)
    assert not folder.exists()
    as_of_a_dead_process(tmp_path)
    leftovers.sweep(tmp_path, age=-1)
    assert not list(folder.parent.iterdir())


def test_leftovers_go_when_they_are_old_and_nobody_lives_who_made_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, cache, temporary = tmp_path / "library", tmp_path / "cache", tmp_path / "tmp"
    monkeypatch.setenv("MMLAB_CACHE", str(cache))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    ours, dead = os.getpid(), GONE
    stays = [
        library / "watch" / "joint" / "seed0" / "model.safetensors",
        library / "watch" / "joint" / "seed0" / f".report.json.{ours}-0123abcd",
        library / "watch" / "joint" / ".backup.20261127" / "model.safetensors",
        library / ".runs" / ".gitignore",
        cache / "data.npz",
        cache / f"data.{ours}-0123abcd.part",
        temporary / f"mmlab-import-{ours}-abcd_123" / "model.safetensors",
        temporary / "mmlab-map-of-somebody.png",
    ]
    goes = [
        library / "watch" / "joint" / "seed0" / f".report.json.{dead}-0123abcd",
        library / "watch" / "joint" / "seed0" / f".report.json.{dead}",
        library / "watch" / "joint" / f".seed1.{dead}-0123abcd" / "model.safetensors",
        library / ".runs" / "watch" / "joint" / "seed0" / f".status.json.{dead}.140",
        cache / f"data.{dead}-0123abcd.part",
        cache / "rules" / "x" / f".sweep.npz.{dead}-0123abcd",
        temporary / f"mmlab-import-{dead}-abcd_123" / "model.safetensors",
    ]
    for file in (*stays, *goes):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    leftovers.sweep(library)
    assert all(file.exists() for file in (*stays, *goes))  # all are young
    leftovers.sweep(library, age=-1)
    assert [file.name for file in goes if file.exists()] == []
    assert [file.name for file in stays if not file.exists()] == []


def test_models_that_earlier_versions_hid_take_their_place_again_or_go(tmp_path: Path) -> None:
    method = tmp_path / "watch" / "joint"
    weights = safetensors.numpy.save({"a": np.zeros(3)})
    for name, content in {
        "seed0": weights,
        ".seed0.0a1b2c3d": weights,
        ".seed1.00aa11bb": weights[:-1],
        ".seed1.00aa11bc": weights,
        ".seed2.00aa11bb": weights[:-1],
        ".backup.20261127": weights,
        ".notes.00aa11bb-mine": weights,
    }.items():
        (method / name).mkdir(parents=True)
        (method / name / "model.safetensors").write_bytes(content)
    leftovers.sweep(tmp_path)
    assert len(list(method.iterdir())) == 7  # all are young
    leftovers.sweep(tmp_path, age=-1)
    assert sorted(each.name for each in method.iterdir()) == [
        ".backup.20261127",
        ".notes.00aa11bb-mine",
        "seed0",
        "seed1",
    ]
    assert (method / "seed1" / "model.safetensors").read_bytes() == weights


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda descriptor: (did.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr("os.replace", lambda one, other: (did.append("replace"), replace(one, other)))
    write_atomically(tmp_path / "report.json", b"{}")
    assert did == ["fsync", "replace", "fsync"]  # the content, its name, and that the folder holds it


POOL = """
import time
from mmlab.experiments.executors import Processes

def work(number):
    print("at work", flush=True)
    time.sleep(600)

if __name__ == "__main__":
    list(Processes(2).map(work, range(4)))
"""


def killed_when(process: subprocess.Popen[bytes], is_time: Callable[[], object], within: float = 600.0) -> None:
    """Kill `process` then, and wait until nobody is left who could write to its output."""
    until = time.monotonic() + within
    while not is_time():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=600)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_workers_end_with_whoever_started_them(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == [b"at work\n"] * 2
        killed_when(process, lambda: True)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_a_worker_of_another_kind_ends_with_whoever_started_it(tmp_path: Path) -> None:
    child = "import os, time; from mmlab.core.parent_watch import end_with_parent; end_with_parent(os.getppid())"
    child += "; print('at work', flush=True); time.sleep(600)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        killed_when(process, lambda: True)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_a_grid_that_was_killed_leaves_no_process_and_goes_on(tmp_path: Path) -> None:
    words = ["grid", "--tasks", "watch", "--methods", "joint", "--seeds", "1", "--plan", "epochs=1"]
    words += ["--plan", "samples=64", "--checkpoints", str(tmp_path), "--processes"]
    command = [sys.executable, "-m", "mmlab", *words, "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=PACKAGE) as process:
        killed_when(process, lambda: list(tmp_path.glob("watch/*/*/progress.jsonl")))
    assert main([*words, "1"]) == 0
    assert len(list(tmp_path.glob("watch/*/seed0/report.json"))) == 1
    leftovers.sweep(tmp_path, age=-1)
    assert not [each for each in tmp_path.rglob(".*") if each.name != ".runs"]
