"""Trainings in separate processes, one at a time per library, that anybody can monitor, stop and resume.

A run lives in files, so that it survives the page, the app and a second visitor. Under `<library>/.runs/`, in
`<task>/<method>/<tag>/`, are the order, the state that the process wrote last, its log, and `alive`, which the process
keeps locked for as long as it lives, however it ends. Progress and results are where every training puts them.

>>> trainings = Trainings(Library())
>>> trainings.start(Order("digits", "dmrnet", {"alpha": 0.01}, {"epochs": 8}, seed=0, tag="larger-alpha"))
>>> trainings.find("digits", "dmrnet", "larger-alpha").state
'running'
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmlab.core import permissions
from mmlab.core.errors import DataError, UnknownName, Unsupported
from mmlab.core.permissions import Action
from mmlab.experiments.background.run_files import (
    BEGUN_BY,
    LOG,
    ORDER,
    STATUS,
    STOP,
    TrainRequest,
    order_in,
    status_in,
    write,
)
from mmlab.storage import progress_file, shipped_files
from mmlab.storage.atomic_files import remove_folder
from mmlab.storage.file_lock import can_lock, is_locked, lock
from mmlab.storage.library import ALIVE, RUNS, Library

MODEL, REPORT, STATE = "model.safetensors", "report.json", "resume.safetensors"  # named here: their modules take torch
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
MOST_WAITING = 8


@dataclass(frozen=True)
class Run:
    """An order and how far it is: waiting, running, stopping, stopped, failed or done.

    message, hint: why it failed or stopped; asked: when it was ordered, in seconds since 1970; reading, share: what
    is read before the first epoch, in words, and how much of it is.
    """

    order: TrainRequest
    state: str
    message: str
    hint: str
    asked: float
    reading: str = ""
    share: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether a process works on it or waits for its turn."""
        return self.state in ("waiting", "running", "stopping")


class TrainingQueue:
    """The runs of one library. All methods may be called by several people and processes at once."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def start(self, order: TrainRequest) -> Run:
        """Begin in a process of its own, or take up where the same order was stopped.

        Raises UnknownName or DataError for an order that cannot be, or a name that is taken, NotAllowed.
        """
        permissions.require(Action.TRAIN)
        check(order)
        folder = self.folder(order)
        if (folder / MODEL).is_file() and not (folder / STATE).is_file():
            raise DataError(f"There is a trained model named {order.name} already.", "Give this run another name.")
        if sum(run.state == "waiting" for run in self.all()) >= MOST_WAITING:
            raise DataError(f"{MOST_WAITING} trainings are waiting already.", "Stop one, or wait.")
        home = self.home(order.task, order.method, order.tag)
        try:
            home.mkdir(parents=True, exist_ok=True)
            (self.library.root / RUNS / ".gitignore").write_text("*\n", "utf-8")
        except OSError as error:
            raise DataError("The folder of the trained models cannot be written to.", str(self.library.root)) from error
        held = lock(home / ALIVE, patience=1.0)
        if held is None:
            raise DataError(f"{order.name} is being trained already.", "Follow it below.")
        try:
            if (folder / STATE).is_file() and order_in(home) != order:
                raise DataError(
                    f"A training named {order.name} was begun with other settings.", "Give this run another name."
                )
            write(home / ORDER, asdict(order))
            write(home / STATUS, {"state": "waiting", "asked": time.time()})
            (home / BEGUN_BY).write_text(permissions.visitor().id, "utf-8")
            (home / STOP).unlink(missing_ok=True)
            self._spawn(order, home, held)
        finally:
            os.close(held)
        return self.find(order.task, order.method, order.tag)

    def stop(self, task: str, method: str, tag: str) -> None:
        """Ask the process to end; what its whole epochs reached is kept. No error where there is none.

        Raises NotAllowed for somebody else's.
        """
        home = self.home(task, method, tag)
        permissions.require(Action.STOP, self.begun_by(task, method, tag))
        if not is_locked(home / ALIVE):
            return
        (home / STOP).touch()
        with suppress(OSError, ValueError):
            os.kill(int((home / ALIVE).read_text()), signal.SIGTERM)

    def resume(self, task: str, method: str, tag: str) -> Run:
        """Take up a run that was stopped or failed. Raises UnknownName where there was none."""
        return self.start(self.find(task, method, tag).order)

    def discard(self, task: str, method: str, tag: str) -> None:
        """Forget a run that is over, and what an unfinished one had reached. A trained model stays."""
        home, folder = self.home(task, method, tag), self.library.folder(task, method, tag)
        if not home.is_dir():
            return
        permissions.require(Action.DELETE, self.begun_by(task, method, tag))
        held = lock(home / ALIVE, patience=1.0)
        if held is None:
            raise DataError(f"{task}/{method}/{tag} is being trained.", "Stop it first.")
        try:
            if not (folder / MODEL).is_file():
                remove_folder(folder)
            shutil.rmtree(home, ignore_errors=True)
        finally:
            os.close(held)

    def all(self) -> tuple[Run, ...]:
        """Every run there is a record of, the newest first; unreadable records are left out."""
        homes = (self.library.root / RUNS).glob(f"*/*/*/{ORDER}")
        found = [run for home in homes if (run := self._run(home.parent)) is not None]
        return tuple(sorted(found, key=lambda run: -run.asked))

    def find(self, task: str, method: str, tag: str) -> Run:
        """One run. Raises UnknownName."""
        run = self._run(self.home(task, method, tag))
        if run is None:
            raise UnknownName(f"There is no run {task}/{method}/{tag}.", "Start it on the Train page.")
        return run

    def folder(self, order: TrainRequest) -> Path:
        """Where the run's progress and result are."""
        return self.library.folder(order.task, order.method, order.tag)

    def log(self, order: TrainRequest, lines: int = 40) -> str:
        """The last lines that the process wrote."""
        try:
            with (self.home(order.task, order.method, order.tag) / LOG).open("rb") as opened:
                opened.seek(max(0, opened.seek(0, os.SEEK_END) - 200 * lines))
                return "\n".join(opened.read().decode("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""

    def begun_by(self, task: str, method: str, tag: str) -> str:
        """The id of the visitor who began it; empty for runs of the command line and of older versions."""
        try:
            return (self.home(task, method, tag) / BEGUN_BY).read_text("utf-8")[:64]
        except (OSError, UnicodeDecodeError):
            return ""

    def home(self, task: str, method: str, tag: str) -> Path:
        """Where the record of a run is. Raises CheckpointError for a name that would leave the library."""
        return self.library.run_home(task, method, tag)

    def _run(self, home: Path) -> Run | None:
        # Liveness first: a process that ends in between has written its last state by the time that is read
        alive = is_locked(home / ALIVE)
        order, status = order_in(home), status_in(home)
        names = home.parts[-3:]
        if order is None or (order.task, order.method, order.tag) != names or not all(map(TAG.fullmatch, names)):
            return None
        state, message = status["state"], status["message"]
        if alive:
            state = "stopping" if (home / STOP).exists() else "running" if state == "running" else "waiting"
        elif [name for name in (MODEL, REPORT, STATE) if (self.folder(order) / name).is_file()] == [MODEL, REPORT]:
            state = "done"
        elif state == "done":  # and deleted since
            return None
        elif state not in ("stopped", "failed"):
            state, message = "stopped", "Its process was ended from outside."
        return Run(order, state, message, status["hint"], status["asked"], status["reading"], status["share"])

    def _spawn(self, order: TrainRequest, home: Path, held: int) -> None:
        """Start the process, which inherits the lock: from here on it holds it, whatever happens to the app."""
        checkout = [] if shipped_files.IS_INSTALLED else [str(shipped_files.ROOT)]
        paths = [*checkout, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        words = [str(self.library.root.resolve()), order.task, order.method, order.tag, str(held)]
        with (home / LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "mmlab.experiments.background.worker", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=(held,),
                start_new_session=True,
            )
        os.ftruncate(held, 0)
        os.pwrite(held, str(process.pid).encode(), 0)
        threading.Thread(target=process.wait, daemon=True).start()


def check(order: TrainRequest) -> None:
    """Raise UnknownName, DataError or Unsupported for an order that cannot be carried out here."""
    from mmlab.core.backbone_families import as_read
    from mmlab.core.method import METHODS
    from mmlab.core.options import build
    from mmlab.core.task import TASKS
    from mmlab.core.training_plan import Plan

    if not can_lock():
        raise Unsupported("Trainings cannot be started from the page on this system.", order.command)
    if not TAG.fullmatch(order.tag):
        raise DataError(f"'{order.tag}' cannot name a run.", "Use up to 60 letters, digits, . _ and -.")
    task, kind = TASKS[order.task](), METHODS[order.method]
    if reason := kind.unsupported_reason(task.info):
        raise Unsupported(reason, "Train another method.")
    build(kind.Config, order.config)
    as_read(task.info, build(Plan, order.plan))
    if order.plan.get("source", "built-in") not in task.sources():
        raise DataError("There are no real recordings of this task here.", "Train on the built-in data.")
    if order.seed < 0:
        raise DataError("A seed cannot be negative.", "Use 0 or more.")


def history(folder: Path) -> list[dict[str, Any]]:
    """The whole epochs in a run's progress file, in order; a line that is half written or damaged is left out."""
    return progress_file.whole_lines(folder)


def seconds_left(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """How long the remaining epochs will take if they are like the last five; None before the first is over."""
    if not rows:
        return None
    recent = [float(row.get("seconds", 0.0)) for row in rows[-5:]]
    return sum(recent) / len(recent) * max(0, rows[-1]["epochs"] - rows[-1]["epoch"] - 1)
