"""The options that several commands share, and `name=value` arguments."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.core.errors import DataError
from mmlab.storage import leftovers
from mmlab.storage.library import Library
from mmlab.tasks.custom import folds
from mmlab.tasks.custom.locations import folders, glance, name_of

if TYPE_CHECKING:
    from mmlab.experiments.executors import Engine

TaskName = Annotated[
    str,
    typer.Option(
        "--task",
        "-t",
        help="The task, such as digits, or a folder of your own data.",
        show_default=False,
        callback=name_of,
    ),
]
MethodName = Annotated[str, typer.Option("--method", "-m", help="The method, such as dmrnet.", show_default=False)]
Tag = Annotated[str, typer.Option("--tag", help="The run, such as seed1; the first one by default.")]
Json = Annotated[bool, typer.Option("--json", help="Print only JSON to stdout.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="FOLDER", help="Folder of an official data set or of real recordings; sets MMLAB_DATA."
    ),
]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda or mps; sets MMLAB_DEVICE. The fastest by default.")]
Checkpoints = Annotated[
    Path | None,
    typer.Option("--checkpoints", metavar="FOLDER", help="Another model library; sets MMLAB_CHECKPOINTS."),
]

FoldCount = Annotated[
    int, typer.Option("--folds", min=0, help="Cut your own folder into this many folds, each a task of its own.")
]
FoldsBy = Annotated[str, typer.Option("--by", help="With --folds: the unit that is never split, group or sample.")]


class Carrier(StrEnum):
    """What carries jobs out."""

    PROCESSES = "processes"
    RAY = "ray"


EngineName = Annotated[
    Carrier,
    typer.Option(
        "--engine", help="Run jobs in processes of this machine, or on ray (started here, or at RAY_ADDRESS)."
    ),
]
AtATime = Annotated[int, typer.Option("--processes", min=0, help="Parallel jobs; 0: one per core, or as many as fit.")]
Cpus = Annotated[float, typer.Option("--cpus", min=0.1, help="With ray: cores per job.")]
Gpus = Annotated[float, typer.Option("--gpus", min=0.0, help="With ray: GPUs per job, such as 0.25.")]


@dataclass(frozen=True)
class Machines:
    """What `--engine`, `--processes`, `--cpus` and `--gpus` say. Raises DataError for what does not go together."""

    carrier: Carrier
    at_a_time: int = 0
    cpus: float = 1.0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.carrier is not Carrier.RAY and (self.cpus, self.gpus) != (1.0, 0.0):
            raise DataError("--cpus and --gpus are dealt out by Ray.", "Add --engine ray.")
        if self.carrier is Carrier.RAY and os.environ.get("MMLAB_DEVICE", "").startswith("cuda") and not self.gpus:
            raise DataError("On Ray a job has no GPU unless it asks for one.", "Say how much of one: --gpus 0.5.")

    @contextmanager
    def engine(self, shared: Path | None) -> Iterator[Engine]:
        """The engine, while the block runs; `shared` is the folder that all jobs read and write, if they do.

        Raises what `mmlab.experiments.ray_engine.cluster` raises.
        """
        from mmlab.experiments import executors

        share = executors.Share(self.cpus, self.gpus)
        with executors.opened(self.carrier.value, shared, self.at_a_time, share) as found:
            yield found


def settle(data: Path | None = None, device: str = "", checkpoints: Path | None = None) -> Library:
    """Take over the options that stand for environment variables, and open the library, swept.

    Raises DataError for a data folder that is not there.
    """
    if data is not None:
        if not data.is_dir():
            raise DataError(f"There is no folder '{data}'.", "Give the folder that holds the recordings.")
        os.environ["MMLAB_DATA"] = str(data.resolve())
    if device:
        os.environ["MMLAB_DEVICE"] = device
    if checkpoints is not None:
        os.environ["MMLAB_CHECKPOINTS"] = str(checkpoints.resolve())
    library = Library()
    for root in library.roots:
        leftovers.sweep(root)
    return library


def opened(task: str, data: Path | None) -> Path | None:
    """Make the folder of an official data set the task of its name; the folder that is still to be settled, if any."""
    if data is None:
        return None
    from mmlab.tasks.official.benchmark import BENCHMARKS

    if task not in BENCHMARKS:
        return data
    from mmlab.tasks.official.opening import open_folder

    open_folder(task, data)
    return None


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`["alpha=0.1"]` as `{"alpha": "0.1"}`. Raises DataError for what is no pair, or a name given twice."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise DataError(f"'{text}' is not a name and a value.", f"Write {option} name=value.")
        if name in found:
            raise DataError(f"'{name}' is given twice.", f"Give each {option} once.")
        found[name] = value
    return found


def settings(given: Sequence[str]) -> tuple[dict[str, Any], str]:
    """`--set`: options of the method, and what says by what inputs are read (`image.encoder=...`), for the plan."""
    found = pairs(given, "--set")
    own = {name: value for name, value in found.items() if "." not in name}
    return own, "; ".join(f"{name}={value}" for name, value in found.items() if "." in name)


def fold_tasks(task: str, count: int, by: str) -> list[str]:
    """The tasks of the folds of a user's data folder; the task itself for no folds. Raises DataError."""
    if not count:
        return [task]
    if task not in {glance(folder).name for folder in folders()}:
        raise DataError(f"'{task}' is not cut into folds.", "Folds are made of folders of your own (docs/own-data.md).")
    return [fold.name_of(task) for fold in folds.ask_for(count, by)]
