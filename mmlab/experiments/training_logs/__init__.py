"""A training for other programs: a CSV table, event files for TensorBoard, runs of MLflow and of W&B, and a trace of an
epoch.

All but the trace are written from the run's own log after each epoch, so that a run that was interrupted is whole again
once it goes on. A kind is one file here with a class that is built from the run, named in `KINDS`.

>>> log = open_log("tensorboard", FollowedRun(Path("logs"), "digits", "dmrnet", "seed0", settings, info))
>>> log.follow(folder)  # after each epoch
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from mmlab.core.errors import StorageError, UnknownName
from mmlab.experiments.training_logs.followed_run import FollowedRun, TrainingLog

KINDS: Mapping[str, str] = {
    "csv": "csv_table.CsvLog",
    "tensorboard": "tensorboard_events.TensorBoardLog",
    "mlflow": "mlflow_run.MlflowLog",
    "wandb": "wandb_run.WandbLog",
    "profile": "profile_trace.ProfileLog",
}


def open_log(kind: str, run: FollowedRun) -> TrainingLog:
    """The log of a kind. Raises UnknownName, StorageError, MissingExtra, or TrackerError where no server answers."""
    if kind not in KINDS:
        raise UnknownName(f"There is no log '{kind}'.", f"There are: {', '.join(KINDS)}.")
    try:
        run.target.mkdir(parents=True, exist_ok=True)
        (run.target / ".written").touch()
        (run.target / ".written").unlink()
    except OSError as error:
        where = f"Logs cannot be written to '{run.target}': {error.strerror}."
        raise StorageError(where, "Allow writing there, or choose another folder: --log-folder FOLDER.") from error
    module, _, name = KINDS[kind].partition(".")
    log: TrainingLog = getattr(import_module(f"{__name__}.{module}"), name)(run)
    return log
