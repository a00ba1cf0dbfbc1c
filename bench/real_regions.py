"""All methods on regions of real pictures: crops and weeds, and lesions of people who were not learned from.

CWFID (60 pictures in red and near infrared) has one split and some seeds; its differences are paired by seed. Of the
three people of open_ms each is the test once, by models that learned from the other two; differences are paired by
person. Both are folders of one's own, trained as `train` does by default, the lesions in steps of four slices:

    python bench/real_regions.py --data /path/to/data --seeds 5 --write docs/tables --fill docs/results.md

With `--unweighed` rare regions weigh no more than others in the loss (`foreground=false`). Goes on where an earlier
call was cut off (`--folder`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import by_pixel
from bench.few_pictures import LESIONS_FILE, PEOPLE, SIZE, write_lesions, write_plants
from bench.put_down import add_options, put_down_comparison
from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments.ablations import ordered
from mmlab.experiments.comparison_tables import as_markdown, compare
from mmlab.experiments.executors import opened
from mmlab.experiments.fold_comparison import compare_folds
from mmlab.experiments.grid import grid_jobs, run
from mmlab.inference.device import one_thread
from mmlab.storage import report_file
from mmlab.storage.checkpoints import REPORT
from mmlab.storage.library import Library

PLANTS, LESIONS = "cwfid", tuple(f"lesions_{person}" for person in PEOPLE)


FOLD_PLAN = {"batch_size": 4}  # of the lesions: at 8, the usual, 80 epochs of 56 slices are only 560 steps
NOTHING = 0.01  # of Dice


def write_folders(folder: Path, data: Path) -> None:
    """The folders of one's own that are not there yet."""
    writers = {PLANTS: write_plants}
    writers |= {name: partial(write_lesions, tested=person) for name, person in zip(LESIONS, PEOPLE, strict=True)}
    for name, write in writers.items():
        if not (folder / name / "task.json").is_file():
            write(folder / name, data)
    os.environ["MMLAB_FOLDERS"] = os.pathsep.join(str(folder / name) for name in writers)


def train(
    tasks: list[str], methods: list[str], seeds: int, plan: dict[str, Any], library: Library, processes: int
) -> None:
    """Train and measure what is lacking. Raises what a training raised."""
    with opened("processes", library.root, processes) as engine:
        able = [name for name in methods if not METHODS[name].unsupported_reason(TASKS[tasks[0]].info)]
        jobs = [
            job
            for task in tasks
            for job in grid_jobs([task], able, range(seeds), plan | (FOLD_PLAN if task in LESIONS else {}))
        ]
        for job, result in run(jobs, library, engine):
            if isinstance(result, Exception):
                raise result
            print(job.task, job.method, job.seed, file=sys.stderr, flush=True)


def compared(tasks: list[str], library: Library) -> dict[str, Comparison]:
    """The comparison of each data set, by the name of its table."""
    found = {"real_regions-cwfid": compare(library, PLANTS)} if PLANTS in tasks else {}
    if set(LESIONS) <= set(tasks):
        found["real_regions-lesions"] = compare_folds(library, LESIONS[0], LESIONS)
    return found


def given_up(tasks: Sequence[str], library: Library) -> str:
    """How many trainings find nothing of a region of any test sample though all inputs are there, in words."""
    found: Counter[str] = Counter()
    files = [file for task in tasks for file in library.root.glob(f"{task}/*/seed*/{REPORT}")]
    for file in files:
        regions = TASKS[file.parts[-4]].info.output.regions
        tables = report_file.read(file.parent)["sources"]["built-in"]["metrics"]
        whole = tables[max(tables, key=lambda key: key.count("-"))]
        found[file.parts[-3]] += any(whole[f"case_dice_{name}"] < NOTHING for name in regions)
    which = ", ".join(f"{METHODS[name].title} {count}" for name, count in found.most_common() if count)
    return f"{found.total()} of {len(files)} trainings find nothing of a region with all inputs: {which or 'none'}."


def beside_lesions(data: Path) -> str:
    """What the table of lesions is to be read against: how much is labelled of each person, and a plain model."""
    file = np.load(data / LESIONS_FILE, allow_pickle=False)
    counts = ", ".join(f"{person} {int(file['y'][file['patient'] == person].sum()):,}" for person in PEOPLE)
    scores = ", ".join(f"{key} {100 * value:.1f}" for key, value in by_pixel.case_dice(LESIONS).items())
    return f"Labelled pixels by person, as the file has them: {counts}.\n\nA logistic regression by pixel: {scores}."


def main() -> None:
    """Train what is lacking, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the two files")
    parser.add_argument("--tasks", default=",".join((PLANTS, *LESIONS)))
    parser.add_argument("--methods", default=",".join(ordered()))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--unweighed", action="store_true", help="rare regions weigh no more than others")
    parser.add_argument("--trained", action="store_true", help="train nothing: write what there is")
    parser.add_argument("--processes", type=int, default=1, help="trainings at a time")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-real-regions")
    add_options(parser)
    given = parser.parse_args()
    one_thread()
    write_folders(given.folder, given.data)
    end, plan = ("-unweighed", {"foreground": False}) if given.unweighed else ("", {})
    library, tasks = Library(given.folder / f"library{end}"), given.tasks.split(",")
    if not given.trained:
        train(tasks, given.methods.split(","), given.seeds, plan, library, given.processes)
    for name, found in ((f"{each}{end}", one) for each, one in compared(tasks, library).items()):
        some = [PLANTS] if name.startswith(f"real_regions-{PLANTS}") else LESIONS
        text = f"{as_markdown(found)}\n\n{SIZE} pixels. {given_up(some, library)}"
        if some == LESIONS:
            text = f"{text}\n\n{beside_lesions(given.data)}"
        put_down_comparison(name, found, text, given.write, given.fill)


if __name__ == "__main__":
    main()
