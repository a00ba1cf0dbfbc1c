"""What an engine costs beside the work itself: to start, for jobs that do nothing, and for a grid of short runs.

    python bench/ray_overhead.py --write docs/tables --fill docs/scaling.md

Needs Ray (the extra ray). The clock counts, so that a busy machine shows; its load stands beside the numbers. Engines
take turns, and the least of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import operator
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.circumstances import circumstances, load
from bench.put_down import add_options
from mmlab.experiments import grid
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.executors import opened
from mmlab.experiments.train_job import TrainJob
from mmlab.storage.library import Library

NAME = "ray_overhead"
ENGINES = ("processes", "ray")
PLAN = {"epochs": 2, "samples": 256}


def measured(engine: str, count: int, jobs: int, runs: int, folder: Path) -> dict[str, float]:
    """Seconds until an engine has answered, of jobs that do nothing, of a grid, and until it is gone."""
    library, begun = Library(folder / engine), time.perf_counter()
    with opened(engine, library.root, count) as opening:
        list(opening.map(operator.neg, range(count)))
        first = time.perf_counter() - begun
        again = time.perf_counter()
        list(opening.map(operator.neg, range(jobs)))
        nothing = time.perf_counter() - again
        todo = [TrainJob("watch", "joint", plan=PLAN, seed=seed) for seed in range(runs)]
        trained = time.perf_counter()
        failed = [result for _, result in grid.run(todo, library, opening) if isinstance(result, Exception)]
        if failed:
            raise failed[0]
        of_grid = time.perf_counter() - trained
    over = time.perf_counter() - begun - first - nothing - of_grid
    return {"first": first, "nothing": nothing, "grid": of_grid, "end": over}


def table(found: dict[str, Any]) -> str:
    """As Markdown."""
    jobs, runs = f"{found['jobs']} jobs that do nothing (s)", f"{found['runs']} short runs (s)"
    head = ("engine", "until it answers (s)", jobs, runs, "until it is gone (s)")
    rows = [
        f"| {engine} | {' | '.join(f'{row[name]:.1f}' for name in ('first', 'nothing', 'grid', 'end'))} |"
        for engine, row in found["engines"].items()
    ]
    before, after = found["load"].values()
    note = (
        f"{found['machine']}; {found['count']} jobs at a time; `processes` starts its processes anew for each list of "
        "jobs; a run is two epochs of 256 samples of watch/joint, measured as every run is; "
        f"the least of {found['rounds']} rounds; load {before} before and {after} after; {found['made']}."
    )
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *rows, "", note])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2, help="jobs at a time")
    parser.add_argument("--jobs", type=int, default=200, help="jobs that do nothing")
    parser.add_argument("--runs", type=int, default=6, help="short trainings")
    parser.add_argument("--rounds", type=int, default=3, help="how often; the least counts")
    add_options(parser)
    options = parser.parse_args()
    before = load()
    tried: dict[str, list[dict[str, float]]] = {name: [] for name in ENGINES}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, rows in tried.items():
                rows.append(measured(name, options.count, options.jobs, options.runs, Path(folder)))
    least = {name: {key: min(row[key] for row in rows) for key in rows[0]} for name, rows in tried.items()}
    asked = {key: getattr(options, key) for key in ("count", "jobs", "runs", "rounds")}
    found = {**circumstances(before), **asked, "engines": least}
    if options.write:
        (options.write / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (options.write / f"{NAME}.md").write_text(table(found) + "\n", "utf-8")
    if options.fill:
        fill(options.fill, {NAME: table(found)})
    print(table(found))


if __name__ == "__main__":
    main()
