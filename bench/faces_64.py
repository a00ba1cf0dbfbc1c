"""The faces of the task `faces` at 64 pixels through the usual small networks, all methods over seeds.

    python bench/faces_64.py --seeds 5 --write docs/tables --fill docs/results.md

At 40 pixels, as the task has them, joint training is nearly without errors on complete samples. A plain run draws the
pictures once, trains what is lacking one after the other, and goes on where an earlier one was cut off; several at a
time share the work. `--written` trains nothing and writes the table of what there is.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.drawn_faces import draw, drawn_faces
from bench.put_down import put_down_comparison
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments.ablations import ordered
from mmlab.experiments.comparison_tables import as_markdown, compare
from mmlab.experiments.grid import grid_jobs
from mmlab.experiments.train_job import BeingTrained, TrainJob, run_train
from mmlab.inference.device import one_thread
from mmlab.storage.library import Library

NAME, SIDE = "faces_64", 64


def train(jobs: Sequence[TrainJob], library: Library) -> None:
    """Do the jobs; what another process is at is looked at again in the end."""
    busy = []
    for job in jobs:
        try:
            run_train(job, str(library.root))
            print(job.method, job.seed, file=sys.stderr, flush=True)
        except BeingTrained:
            busy.append(job)
    for job in busy:
        run_train(job, str(library.root), patience=math.inf)


def main() -> None:
    """Draw, train what is lacking, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100, help="in the training split; each has 8 captures")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-faces-64")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--fill", type=Path)
    parser.add_argument("--written", action="store_true", help="train nothing")
    options = parser.parse_args()
    one_thread()
    drawings, library = options.folder / f"people{options.people}", Library(options.folder / "library")
    draw(SIDE, options.people, drawings)
    task = drawn_faces(SIDE, drawings)
    TASKS.register(NAME)(task)
    able = [name for name in ordered() if not METHODS[name].unsupported_reason(task.info)]
    train(
        [] if options.written else [job for n in range(options.seeds) for job in grid_jobs([NAME], able, [n])], library
    )
    found = compare(library, NAME)
    put_down_comparison(NAME, found, as_markdown(found), options.write, options.fill)


if __name__ == "__main__":
    main()
