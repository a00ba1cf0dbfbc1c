"""All methods over seeds on a task that only a bench has: trains what is lacking, compares, writes its table."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options, put_down_comparison
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS, Task
from mmlab.experiments.ablations import ordered
from mmlab.experiments.comparison_tables import as_markdown, compare
from mmlab.experiments.grid import grid_jobs
from mmlab.experiments.train_job import TrainedElsewhere, TrainJob, run_train
from mmlab.inference.device import one_thread
from mmlab.storage.library import Library


def parser(about: str | None, seeds: int) -> argparse.ArgumentParser:
    """The options of such a bench; it may add its own."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default=",".join(ordered()), help="those that answer the task are trained")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--folder", type=Path, help="where runs stay; a later call goes on from there")
    add_options(parser)
    parser.add_argument("--written", action="store_true", help="train nothing")
    return parser


def run(options: argparse.Namespace, name: str, task: Callable[[Path], Callable[[], Task]]) -> None:
    """Register the task, made from a folder for what it draws; train what is lacking, put down the comparison."""
    one_thread()
    folder = options.folder or Path(tempfile.gettempdir()) / f"mmlab-{name}"
    TASKS.register(name)(task(folder))
    library, info = Library(folder / "library"), TASKS[name].info
    able = [method for method in options.methods.split(",") if not METHODS[method].unsupported_reason(info)]
    if not options.written:
        _train([job for seed in range(options.seeds) for job in grid_jobs([name], able, [seed])], library)
    found = compare(library, name)
    put_down_comparison(name, found, as_markdown(found), options.write, options.fill)


def _train(jobs: Sequence[TrainJob], library: Library) -> None:
    """Do the jobs; what another process is at is looked at again in the end."""
    busy = []
    for job in jobs:
        try:
            run_train(job, str(library.root))
            print(job.method, job.seed, file=sys.stderr, flush=True)
        except TrainedElsewhere:
            busy.append(job)
    for job in busy:
        run_train(job, str(library.root), patience=math.inf)
