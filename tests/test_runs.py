"""Trainings in processes of their own: start, follow, stop, kill, resume, discard; and orders that cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mmlab.core.errors import MmlabError
from mmlab.experiments.background.manager import Run, TrainingQueue, TrainRequest, check, history, seconds_left
from mmlab.experiments.background.run_files import ORDER, STATUS, STOP
from mmlab.storage.file_lock import is_locked, lock
from mmlab.storage.library import ALIVE, RUNS, Library
from mmlab.training.resume_state import STATE

TINY = TrainRequest("digits", "dropout", {}, {"samples": 128, "epochs": 2}, 0, "tiny")
LONG = replace(TINY, plan={"samples": 128, "epochs": 1000}, tag="long")
PATIENCE = 600.0


@pytest.fixture
def trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainingQueue]:
    """An empty library; whatever still runs in it at the end is ended."""
    monkeypatch.delenv("MMLAB_DATA", raising=False)
    found = TrainingQueue(Library(tmp_path))
    yield found
    for run in found.all():
        found.stop(run.order.task, run.order.method, run.order.tag)
    until(lambda: not any(run.alive for run in found.all()))


def until(what: Callable[[], object]) -> None:
    last = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < last, "it took too long"
        time.sleep(0.05)


def key(order: TrainRequest) -> tuple[str, str, str]:
    return order.task, order.method, order.tag


def now(trainings: TrainingQueue, order: TrainRequest) -> Run:
    return trainings.find(*key(order))


def faked(trainings: TrainingQueue, order: TrainRequest, state: str, asked: float = 1.0) -> Path:
    """The record of a run that nobody works on."""
    home = trainings.home(*key(order))
    home.mkdir(parents=True)
    (home / ORDER).write_text(json.dumps(vars(order)))
    (home / STATUS).write_text(json.dumps({"state": state, "asked": asked}))
    return home


def test_a_run_is_followed_stopped_and_taken_up_to_its_end(trainings: TrainingQueue) -> None:
    order = replace(TINY, plan={"samples": 128, "epochs": 12})
    folder = trainings.folder(order)
    assert trainings.start(order).alive
    with pytest.raises(MmlabError, match="being trained already"):
        trainings.start(order)
    assert trainings.start(LONG).state == "waiting"
    until(lambda: history(folder) and (folder / STATE).is_file())
    worker = int((trainings.home(*key(order)) / ALIVE).read_text())
    os.kill(worker, signal.SIGSTOP)  # on a busy machine it would be done before it is told to stop
    assert now(trainings, order).state == "running"
    assert now(trainings, LONG).state == "waiting"
    home = trainings.home(*key(LONG))
    os.kill(int((home / ALIVE).read_text()), signal.SIGKILL)
    until(lambda: not is_locked(home / ALIVE))
    killed = now(trainings, LONG)
    assert (killed.state, killed.message) == ("stopped", "Its process was ended from outside.")
    assert not trainings.folder(LONG).exists()
    trainings.discard(*key(LONG))

    trainings.stop(*key(order))
    os.kill(worker, signal.SIGCONT)
    until(lambda: not now(trainings, order).alive)
    stopped = now(trainings, order)
    assert (stopped.state, stopped.message) == ("stopped", "")
    assert 0 < len(history(folder)) < 12
    with pytest.raises(MmlabError, match="other settings"):
        trainings.start(replace(order, seed=1))

    # Another object, as after a restart of the app: it knows nothing but the files
    again = TrainingQueue(Library(trainings.library.root))
    again.resume(*key(order))
    until(lambda: not now(again, order).alive)
    assert now(again, order).state == "done", again.log(order)
    assert [row["epoch"] for row in history(folder)] == list(range(12))
    assert "epoch 12/12" in again.log(order)
    assert [found.tag for found in again.library.references()] == ["tiny"]
    with pytest.raises(MmlabError, match="already"):
        again.start(order)
    again.discard(*key(order))
    assert again.all() == ()
    assert (folder / "model.safetensors").is_file()


def test_what_goes_wrong_in_the_process_is_said(trainings: TrainingQueue) -> None:
    order = replace(TINY, plan={"samples": 128, "epochs": 2, "learning_rate": 1.0}, config={}, tag="bad")
    home = faked(trainings, order, "waiting")
    (home / ORDER).write_text(json.dumps({**vars(order), "method": "nothing"}))
    wrong = trainings.library.root / RUNS / "digits" / "nothing" / "bad"
    wrong.parent.mkdir()
    home.rename(wrong)
    held = lock(wrong / ALIVE)
    assert held is not None
    words = [str(trainings.library.root), "digits", "nothing", "bad", str(held)]
    subprocess.run(
        [sys.executable, "-m", "mmlab.experiments.background.worker", *words],
        pass_fds=(held,),
        check=True,
        timeout=PATIENCE,
    )
    os.close(held)
    found = trainings.find("digits", "nothing", "bad")
    assert (found.state, found.message) == ("failed", "There is no method named 'nothing'.")


def test_a_record_without_a_process_is_a_stopped_run(trainings: TrainingQueue) -> None:
    faked(trainings, TINY, "running")
    assert now(trainings, TINY).state == "stopped"
    trainings.stop(*key(TINY))
    trainings.discard(*key(TINY))
    trainings.discard(*key(TINY))
    assert trainings.all() == ()


def test_a_lock_is_what_makes_a_run_alive(trainings: TrainingQueue) -> None:
    home = faked(trainings, TINY, "running")
    held = lock(home / ALIVE)
    assert held is not None
    assert lock(home / ALIVE) is None
    assert now(trainings, TINY).state == "running"
    (home / STOP).touch()
    assert now(trainings, TINY).state == "stopping"
    with pytest.raises(MmlabError, match="Stop it first"):
        trainings.discard(*key(TINY))
    os.close(held)
    assert now(trainings, TINY).state == "stopped"


def test_how_much_is_read_before_the_first_epoch_is_told(trainings: TrainingQueue) -> None:
    from mmlab.experiments.background.worker import _Reading

    home = faked(trainings, TINY, "running")
    reading = _Reading(home, 1.0)
    reading.told("Reading the training samples", 0.25)
    reading.told("Reading the training samples", 0.26)  # too soon after it
    assert (now(trainings, TINY).reading, now(trainings, TINY).share) == ("Reading the training samples", 0.25)
    (home / STOP).touch()
    with pytest.raises(KeyboardInterrupt):
        reading.told("Reading the training samples", 1.0)
    assert (now(trainings, TINY).reading, now(trainings, TINY).asked) == ("", 1.0)


def test_only_so_many_may_wait(trainings: TrainingQueue) -> None:
    locks = []
    for number in range(8):
        locks.append(lock(faked(trainings, replace(TINY, tag=f"r{number}"), "waiting", number) / ALIVE))
    assert [run.order.tag for run in trainings.all()] == [f"r{number}" for number in range(7, -1, -1)]
    with pytest.raises(MmlabError, match="waiting already"):
        trainings.start(TINY)
    for held in locks:
        os.close(held)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"task": 3}', '{"task": "a"}', "[" * 100_000])
def test_a_damaged_record_hides_no_other(content: str, trainings: TrainingQueue) -> None:
    faked(trainings, TINY, "stopped")
    (faked(trainings, LONG, "stopped") / ORDER).write_text(content)
    assert [run.order.tag for run in trainings.all()] == ["tiny"]


def test_a_record_in_another_place_than_it_says_is_not_believed(trainings: TrainingQueue) -> None:
    (faked(trainings, TINY, "stopped") / ORDER).write_text(json.dumps(vars(LONG)))
    assert trainings.all() == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tag": "../x"}, "cannot name"),
        ({"tag": ""}, "cannot name"),
        ({"tag": ".x"}, "cannot name"),
        ({"tag": "x" * 61}, "cannot name"),
        ({"task": "nothing"}, "no task"),
        ({"method": "dropuot"}, "Did you mean 'dropout'"),
        ({"config": {"nothing": 1}}, "no option"),
        ({"plan": {"epochs": 0}}, "out of bounds"),
        ({"plan": {"epochs": "many"}}, "does not fit"),
        ({"plan": {"source": "real"}}, "no real recordings"),
        ({"seed": -1}, "negative"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_order_that_cannot_be_is_refused_before_it_leaves_anything(
    change: dict, says: str, trainings: TrainingQueue
) -> None:
    with pytest.raises(MmlabError, match=says):
        check(replace(TINY, **change))
    with pytest.raises(MmlabError, match=says):
        trainings.start(replace(TINY, **change))
    assert list(trainings.library.root.iterdir()) == []


def test_a_library_that_cannot_be_written_to_is_said(trainings: TrainingQueue) -> None:
    trainings.library.root.rmdir()
    trainings.library.root.write_text("a file")
    with pytest.raises(MmlabError, match="cannot be written"):
        trainings.start(TINY)
    trainings.library.root.unlink()


def test_the_command_is_the_same_training() -> None:
    order = TrainRequest("digits", "dmrnet", {"alpha": 0.5, "hcr": "masked"}, {"epochs": 3}, 4, "a-b")
    assert order.command == (
        "python -m mmlab train --task digits --method dmrnet --set alpha=0.5 --set hcr=masked --plan epochs=3 "
        "--seed 4 --tag a-b"
    )


def test_progress_that_is_being_written_is_read_up_to_there(tmp_path: Path) -> None:
    assert history(tmp_path) == []
    lines = [json.dumps({"epoch": i, "epochs": 5, "seconds": 2.0 + i}) for i in range(3)]
    (tmp_path / "progress.jsonl").write_text("\n".join([*lines, "3", '{"epoch": "x"}', lines[0][:9]]))
    rows = history(tmp_path)
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert seconds_left(rows) == pytest.approx(6.0)
    assert seconds_left([]) is None
