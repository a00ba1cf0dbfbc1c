"""A run of MLflow: metrics by epoch, parameters, and the two pictures as images that go with the epochs.

The store is what MLFLOW_TRACKING_URI names, a server or a file; without it `mlflow.db` (SQLite) in the folder of all
logs, which `mlflow ui --backend-store-uri sqlite:///logs/mlflow.db` shows. The experiment is `mmlab/<task>`.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mmlab.core.errors import MissingExtra, first_line
from mmlab.core.version import __version__
from mmlab.experiments.training_logs.followed_run import FollowedRun, Row, TrackerError, numbers
from mmlab.experiments.training_logs.tracked_run import TrackedRun
from mmlab.storage import progress_file

URI = "MLFLOW_TRACKING_URI"
MOST_METRICS, MOST_PARAMETERS = 1000, 100  # of one request, as MLflow's REST interface has them
PATIENCE = 10  # seconds for a server
FORBIDDEN = re.compile(r"[^\w\-. :/]")
HINT = f"Start the server, or name another store in {URI}; without that variable a file is written."


class MlflowLog:
    """Follows one run, and goes on in the same run of MLflow when the training does."""

    def __init__(self, run: FollowedRun) -> None:
        """Raises MissingExtra, or TrackerError where the store does not answer."""
        # a server that is away must not hold a training up for minutes; what a person set stays
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(PATIENCE))
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise MissingExtra(
                "Runs of MLflow need the package mlflow.", "Install it: pip install 'mmlab[mlflow]'"
            ) from error
        root = run.root.resolve()
        self.run = run
        self.uri = os.environ.get(URI, "") or f"sqlite:///{root / 'mlflow.db'}"
        _reached(self.uri)
        with _answers(self.uri):
            self.client: Any = MlflowClient(tracking_uri=self.uri)
            artifacts = None if os.environ.get(URI, "") else (root / "mlflow-artifacts").as_uri()
            self.experiment = _experiment(self.client, f"mmlab/{run.task}", artifacts)
        self.kept = TrackedRun.kept(run.target / "mlflow-run.json", self.uri, run.settings)
        self.is_open = self.is_whole = False

    def follow(self, folder: Path) -> None:
        """Add the epochs that are new."""
        rows = progress_file.whole_lines(folder)
        if not rows:
            return
        with _answers(self.uri):
            if not self.is_open:
                self._open(rows)
            for place in range(len(self.kept.means) + 1, len(rows) + 1):
                self._add(rows[:place])
                self.kept.wrote(rows[:place])
        self.is_whole = rows[-1]["epoch"] + 1 >= rows[-1]["epochs"]

    def close(self) -> None:
        """Say that the run is over, or was cut off."""
        if self.is_open:
            with _answers(self.uri):
                self.client.set_terminated(self.kept.number, "FINISHED" if self.is_whole else "KILLED")

    def _open(self, rows: Sequence[Row]) -> None:
        """The run that these epochs belong to, or a new one with the settings."""
        if self.kept.is_of(rows) and self._is_there(self.kept.number):
            self.client.update_run(self.kept.number, status="RUNNING")
        else:
            self._begin()
        self.is_open = True

    def _is_there(self, number: str) -> bool:
        from mlflow.exceptions import MlflowException

        try:
            return bool(self.client.get_run(number).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False

    def _begin(self) -> None:
        from mlflow.entities import Param

        tags = {"mlflow.source.name": f"mmlab {__version__}", "mmlab.run": self.run.title}
        begun = self.client.create_run(self.experiment, run_name=self.run.title, tags=tags)
        number = begun.info.run_id
        found = [Param(_name(name), str(value)) for name, value in self.run.settings.items()]
        for start in range(0, len(found), MOST_PARAMETERS):
            self.client.log_batch(number, params=found[start : start + MOST_PARAMETERS])
        self.kept.begin(number)

    def _add(self, rows: Sequence[Row]) -> None:
        """The last of these epochs, and the pictures after it."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        epoch = rows[-1]["epoch"]
        found = [Metric(_name(name), value, now, epoch) for name, value in numbers(rows[-1])]
        for start in range(0, len(found), MOST_METRICS):
            self.client.log_batch(self.kept.number, metrics=found[start : start + MOST_METRICS])
        for name, picture in self.run.pictures(rows).items():
            self.client.log_image(self.kept.number, picture, key=name, step=epoch)


def _experiment(client: Any, name: str, artifacts: str | None) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name, artifact_location=artifacts))


def _name(name: str) -> str:
    """A name with the letters that MLflow allows."""
    return FORBIDDEN.sub("_", name)


def _reached(uri: str) -> None:
    """Raise TrackerError where nobody listens at the address of a server, at once instead of after many tries."""
    address = urlsplit(uri)
    if address.scheme not in ("http", "https") or not address.hostname:
        return
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname, port), PATIENCE).close()
    except OSError as error:
        raise TrackerError(f"MLflow does not answer at {_shown(uri)}.", HINT) from error


@contextmanager
def _answers(uri: str) -> Iterator[None]:
    """Turn what MLflow raises about its store into TrackerError."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise TrackerError(f"MLflow at {_shown(uri)} did not take it: {first_line(error)[:200]}", HINT) from error


def _shown(uri: str) -> str:
    """An address without the name and password that it may hold."""
    address = urlsplit(uri)
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
