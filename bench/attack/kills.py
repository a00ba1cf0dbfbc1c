"""Trainings, grids, imports and maps that are killed at random moments, and the library read whole after each.

An act runs in a forked process with a group of its own, so that it begins at once and whoever it started can be found.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import safetensors.torch
import torch

from mmlab.analysis.embedding import umap_worker
from mmlab.cli import source_catalogue
from mmlab.cli.app import main
from mmlab.core.errors import MmlabError
from mmlab.core.task import TASKS
from mmlab.experiments import model_archive
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.storage import checkpoints, leftovers, progress_file, report_file, sweep_file
from mmlab.storage.library import SHIPPED, Library
from mmlab.training.resume_state import STATE
from tests.attack.stored_readers import make_small

JOB = TrainJob("watch", "joint", plan={"epochs": 6, "samples": 96, "batch_size": 32}, tag="attacked")
GRID = [
    "grid",
    "--tasks",
    "watch",
    "--methods",
    "dropout",
    "--seeds",
    "2",
    "--plan",
    "epochs=2",
    "--plan",
    "samples=64",
]
SHARE = 0.7  # of the time that an act took the first time: those that follow are quicker
PATIENCE = 30.0  # seconds until everybody has ended whom a killed process had started


@dataclass
class Killed:
    """kills: by what was killed; faults: what was wrong afterwards; left: the most processes that outlived PATIENCE."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    resumed_the_same: bool = False
    seconds: float = 0.0


def attack(count: int, seed: int, place: Path) -> Killed:
    """`count` kills; of grids and maps fewer, since they take long to begin."""
    found, begun, rng = Killed(), time.time(), random.Random(seed)
    _lasts(
        partial(run_train, JOB, str(place / "straight"))
    )  # nothing is trained in this process: it could not be forked
    root = place / "library"
    for method in ("gmd", "mmanet"):
        shutil.copytree(SHIPPED / "watch" / method / "seed0", root / "watch" / method / "seed0")
        make_small(root / "watch" / method / "seed0")
    exports = [model_archive.export(Library(root), "watch", name, "seed0") for name in ("gmd", "mmanet")]
    acts: dict[str, tuple[int, Callable[[], object]]] = {
        "train": (9, partial(_train, root)),
        "import": (7, partial(_import, root, exports)),
        "delete": (2, partial(_delete, root, exports[0])),
        "grid": (1, partial(_grid, root)),
        "map": (1, partial(_map, root)),
    }
    lasts = {name: _lasts(act) for name, (_, act) in acts.items()}
    print(f"seconds that nobody is killed in: {lasts}", file=sys.stderr, flush=True)
    turns = sorted(((turn + 0.5) / weight, name) for name, (weight, _) in acts.items() for turn in range(weight))
    names = [name for _, name in turns]  # spread, so that a few kills meet every act
    for number in range(count):
        name = names[number % len(names)]
        was_alive, left = _killed(acts[name][1], rng.uniform(0, SHARE * lasts[name]))
        found.kills[name] += was_alive
        found.finished[name] += not was_alive
        for fault in (*check(root), *([f"{left} processes outlived it"] if left else [])):
            found.faults[f"{name}: {fault}"] += 1
        print(f"{number + 1} kills, {sum(found.faults.values())} faults so far", file=sys.stderr, flush=True)
    _lasts(partial(run_train, JOB, str(root)))
    folders = [Library(each).folder(JOB.task, JOB.method, JOB.folder) for each in (root, place / "straight")]
    found.resumed_the_same = _same(*folders)
    found.seconds = time.time() - begun
    return found


def _train(root: Path) -> None:
    """Goes on where the last one was killed; begins anew where it came to its end."""
    folder = Library(root).folder(JOB.task, JOB.method, JOB.folder)
    if (folder / checkpoints.REPORT).is_file():
        shutil.rmtree(folder)
    run_train(JOB, str(root))


def _grid(root: Path) -> None:
    """Two trainings at a time; what earlier ones brought to its end is trained again."""
    for report in root.glob(f"watch/dropout/*/{checkpoints.REPORT}"):
        shutil.rmtree(report.parent)
    main([*GRID, "--processes", "2", "--checkpoints", str(root)])


def _import(root: Path, exports: list[bytes]) -> None:
    for content in exports:
        model_archive.import_model(Library(root), content, replace=True)


def _delete(root: Path, export: bytes) -> None:
    model_archive.import_model(Library(root), export, tag="short-lived", replace=True)
    model_archive.delete(Library(root), "watch", "gmd", "short-lived")


def _map(root: Path) -> None:
    settings = umap_worker.MapSettings(solid=False)
    umap_worker.build_map(root / "watch" / "gmd" / "seed0", settings, lambda share: None)


def _lasts(act: Callable[[], object]) -> float:
    """How long an act takes that nobody kills."""
    start = time.time()
    child = _begin(act)
    os.waitpid(child, 0)
    return time.time() - start


def _begin(act: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(quiet, descriptor)
    code = 1
    with suppress(BaseException):
        act()
        code = 0
    os._exit(code)


def _killed(act: Callable[[], object], after: float) -> tuple[bool, int]:
    """Whether it still lived when it was killed, and how many whom it had started did long afterwards."""
    child = _begin(act)
    time.sleep(after)
    was_alive = os.waitpid(child, os.WNOHANG)[0] == 0
    if was_alive:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    until = time.time() + PATIENCE
    while (left := _members(child)) and time.time() < until:
        time.sleep(0.1)
    return was_alive, left


def _members(group: int) -> int:
    """How many processes are in a group, but for those that have ended."""
    count = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            state, _, of = status.read_text().rpartition(")")[2].split()[:3]
            count += int(of) == group and state != "Z"
    return count


def check(root: Path) -> list[str]:
    """What is wrong with a library, read whole as `list` and the pages do; nothing hidden may stay in it."""
    faults = []
    leftovers.sweep(root, age=-1)
    faults += [f"a leftover ({each.name[:9]})" for each in root.rglob(".*") if each.name not in (".runs", ".gitignore")]
    library = Library(root)
    for method in ("gmd", "mmanet"):
        if not (root / "watch" / method / "seed0" / checkpoints.MODEL).is_file():
            faults.append("a model is gone")
    for method, runs in source_catalogue.runs(library, "watch").items():
        for tag, report in runs.items():
            if report.get("problem") and not (root / "watch" / method / tag / STATE).is_file():
                faults.append(f"list says of {method}: {report['problem']}")
    for entry in library.entries():
        try:
            _read_all(Path(entry.reference.path))
        except MmlabError as error:
            faults.append(error.message)
    return faults


def _read_all(folder: Path) -> None:
    """Every file of a model, each about this very model."""
    digest = checkpoints.load(folder).digest
    info = TASKS["watch"].info
    if (folder / progress_file.PROGRESS).is_file():
        progress_file.read(folder, info.modalities.names)
    if (folder / STATE).is_file():  # it is being trained: what was measured comes at the end
        return
    if report_file.read(folder)["digest"] != digest:
        raise MmlabError("A report is about another model.")
    sweep_file.read(folder, digest, info)


def _same(one: Path, other: Path) -> bool:
    """Whether two trainings came to the same weights, and to as many lines of a log."""
    weights = [safetensors.torch.load_file(folder / checkpoints.MODEL) for folder in (one, other)]
    lines = [len((folder / progress_file.PROGRESS).read_text().splitlines()) for folder in (one, other)]
    same = weights[0].keys() == weights[1].keys() and all(torch.equal(v, weights[1][n]) for n, v in weights[0].items())
    return same and lines[0] == lines[1]
