"""The process of one run: `python -m mmlab.experiments.background.worker ROOT TASK METHOD TAG LOCK`, started by
`mmlab.experiments.background.manager`."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.long_work import report_progress
from mmlab.core.process_end import end_quickly
from mmlab.core.storage_errors import storage_errors
from mmlab.experiments.background.manager import TrainingQueue
from mmlab.experiments.background.run_files import STATUS, STOP, order_in, status_in, write
from mmlab.storage.file_lock import lock
from mmlab.storage.library import Library

POLL_SECONDS = 0.5
TOLD_SECONDS = 2.0  # between two words about how much was read


def main(words: Sequence[str]) -> None:
    """The process of one run: wait for the turn, train, write down how it ended."""
    root, task, method, tag, lock = words
    os.set_inheritable(int(lock), False)
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(OSError):
        os.nice(5)  # people who look at pages go first
    trainings = TrainingQueue(Library(Path(root)))
    home = trainings.home(task, method, tag)
    asked = status_in(home)["asked"]
    try:
        with storage_errors():
            turn = _wait(trainings, home, asked)
            write(home / STATUS, {"state": "running", "asked": asked})
            with report_progress(_Reading(home, asked).told):
                _train(trainings, home)
            os.close(turn)
        ended = {"state": "done"}
    except KeyboardInterrupt:
        ended = {"state": "stopped"}
    except MmlabError as error:
        ended = {"state": "failed", "message": error.message, "hint": error.hint}
    except Exception as error:
        traceback.print_exc()
        ended = {"state": "failed", "message": f"The training failed: {type(error).__name__}.", "hint": "See its log."}
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(OSError):  # on a full disk the page finds that the process is gone
        write(home / STATUS, {**ended, "asked": asked})


def _wait(trainings: TrainingQueue, home: Path, asked: float) -> int:
    """Until it is this run's turn: none that was ordered earlier waits, and none is running."""
    while True:
        if (home / STOP).exists():
            raise KeyboardInterrupt
        if not any(run.state == "waiting" and run.asked < asked for run in trainings.all()):
            turn = lock(home.parents[2] / ".turn")
            if turn is not None:
                return turn
        time.sleep(POLL_SECONDS)


def _train(trainings: TrainingQueue, home: Path) -> None:
    from mmlab.experiments import train_job
    from mmlab.experiments.background.requested_job import job_of

    order = order_in(home)
    if order is None:
        raise DataError("The order of this run cannot be read.", "Start it again.")
    for progress in train_job.train(job_of(order), trainings.library, claimed=True):
        losses = "  ".join(f"{term} {value:.3f}" for term, value in progress.losses.items())
        print(f"epoch {progress.epoch + 1}/{progress.epochs}  {losses}  validation {progress.mean:.3f}", flush=True)
        if (home / STOP).exists():
            raise KeyboardInterrupt


class _Reading:
    """Writes down for the page how much of the samples is read."""

    def __init__(self, home: Path, asked: float) -> None:
        self._home, self._asked, self._next = home, asked, 0.0

    def told(self, what: str, share: float) -> None:
        """Now and then. Raises KeyboardInterrupt for a run that is to stop."""
        if share < 1 and time.monotonic() < self._next:
            return
        reading = {"reading": what, "share": share} if share < 1 else {}
        write(self._home / STATUS, {"state": "running", "asked": self._asked, **reading})
        self._next = time.monotonic() + TOLD_SECONDS
        if (self._home / STOP).exists():
            raise KeyboardInterrupt


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second request must not break what the first one began
    raise KeyboardInterrupt


if __name__ == "__main__":
    end_quickly()
    main(sys.argv[1:])
