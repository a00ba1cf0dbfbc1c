"""How long a shared server takes to answer at a stated request rate, with one replica and with two.

Questions leave on a clock, whether or not earlier ones are answered; the time of each counts from when it was due, so
that a server that falls behind shows it. Run: python -m bench.serve_load (needs the extra ray). Writes docs/tables.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.circumstances import circumstances, load
from mmlab.core.task import TASKS
from mmlab.experiments.ray_engine import Share
from mmlab.experiments.ray_serving import served
from mmlab.inference import shared_answers
from mmlab.inference.device import one_thread
from mmlab.inference.model_pool import ModelPool
from mmlab.storage.library import Library

PORT = 8674
ASKING = 64  # threads that wait for answers


def loads(replicas: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each rate, asked one after the other of the same server."""
    library = Library()
    wanted = library.find(options.task, options.method)
    inputs = TASKS[options.task]().samples("test").inputs
    count = len(next(iter(inputs.values())))
    questions = [{name: values[row % count].float() for name, values in inputs.items()} for row in range(256)]
    with served(library.root, "127.0.0.1", PORT, replicas, Share(options.cpus), 0.005, 32) as address:
        own = ModelPool()
        ask = partial(shared_answers.SharedAnswers(own, address).answer, wanted)
        with ThreadPoolExecutor(ASKING) as visitors:
            list(visitors.map(ask, questions[:64]))  # every replica loads the model
            rows = [row(visitors, ask, questions, rate, options.seconds) for rate in options.rates]
        if own.references:
            raise SystemExit("The server did not answer everything.")
    return [{"replicas": replicas, **each} for each in rows]


def row(
    visitors: ThreadPoolExecutor, ask: Callable[[Any], object], questions: list[Any], rate: float, seconds: float
) -> dict[str, Any]:
    """Percentiles of the milliseconds of all questions of `seconds` at `rate` a second."""
    before, start = os.getloadavg()[0], time.perf_counter() + 0.5

    def timed(number: int) -> float:
        due = start + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        ask(questions[number % len(questions)])
        return 1000 * (time.perf_counter() - due)

    found = list(visitors.map(timed, range(int(rate * seconds))))
    answered = len(found) / (time.perf_counter() - start)
    shares = {f"p{q}": round(float(np.percentile(found, q)), 1) for q in (50, 90, 95, 99)}
    return {"asked": rate, "answered": round(answered, 1), "n": len(found), "load": round(before, 1), **shares}


def table(found: dict[str, Any]) -> str:
    """The rows as Markdown."""
    lines = [
        f"Made by `python -m bench.serve_load` on {found['made']}: {found['machine']}; {found['model']}, "
        "all combinations of a sample per request; server, Ray and client on the same machine.",
        "",
        "| replicas | requests per second | answered per second | median (ms) | p90 | p95 | p99 | n | load before |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found["rows"]:
        cells = (row[name] for name in ("replicas", "asked", "answered", "p50", "p90", "p95", "p99", "n", "load"))
        lines.append(f"| {' | '.join(f'{cell:g}' for cell in cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=float, nargs="+", default=[10.0, 50.0], help="questions a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--task", default="digits")
    parser.add_argument("--method", default="joint")
    parser.add_argument("--cpus", type=float, default=0.5, help="cores of each replica, as Ray counts them")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "docs" / "tables")
    options = parser.parse_args()
    one_thread()
    shared_answers.PATIENCE = 300.0  # a server that falls behind shows it in the times
    before = load()
    rows = [each for count in options.replicas for each in loads(count, options)]
    found = {
        **circumstances(before),
        "model": f"{options.task}/{options.method}",
        "rows": rows,
    }
    (options.out / "serve_load.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.out / "serve_load.md").write_text(table(found))
    print(table(found))


if __name__ == "__main__":
    main()
