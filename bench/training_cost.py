"""What a training of each method costs on the CPU: one thread's own seconds per epoch, and the same over dropout's.

python bench/training_cost.py --task digits --write docs/tables --fill docs/results.md

Processor time (not the clock on the wall) of one epoch on the same samples, validation included, after a first epoch
that warms up. Methods take turns, so that a busy machine slows all alike; the least of the rounds counts. Teachers are
trained for the occasion and not counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.task import TASKS, Task
from mmlab.core.training_plan import Plan
from mmlab.experiments.comparison_tables import ORDER, fill
from mmlab.experiments.train_job import default_plan
from mmlab.inference.device import one_thread
from mmlab.training.loop import Trainer

SAMPLES = 1_024
ROUNDS = 2
BASE = "dropout"


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description="Training cost of each method on one CPU thread.")
    parser.add_argument("--task", default="digits")
    parser.add_argument("--write", type=Path, help="write <task>_cost.json there")
    parser.add_argument("--fill", type=Path, action="append", default=[], help="put the table between its marks there")
    options = parser.parse_args()
    one_thread()
    task = TASKS[options.task]()
    measured = measure(task)
    table = as_markdown(task, measured)
    print(table)
    name = f"{task.name}_cost"
    if options.write is not None:
        (options.write / f"{name}.json").write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
        (options.write / f"{name}.md").write_text(table + "\n", "utf-8")
    for document in options.fill:
        fill(document, {name: table})


def measure(task: Task) -> dict[str, dict[str, float]]:
    """Seconds per thousand samples and epoch, and per full training, by method."""
    methods = [name for name in ORDER if not METHODS[name].unsupported_reason(task.info)]
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name in methods:
            least[name] = min(least.get(name, float("inf")), _epoch_seconds(task, name))
    found = {}
    for name in methods:
        plan = build(Plan, default_plan(task, METHODS[name]))
        count = len(task.samples("train", plan.source))  # type: ignore[arg-type]
        count = min(count, plan.samples) if plan.samples else count
        each = least[name] / SAMPLES * 1000
        found[name] = {
            "per_thousand": each,
            "ratio": least[name] / least[BASE],
            "full": each * count / 1000 * plan.epochs,
        }
    return found


def _epoch_seconds(task: Task, name: str) -> float:
    """Processor seconds of the second of two epochs of a stage."""
    kind = METHODS[name]
    teachers = {teacher: _trained(task, teacher, {}) for teacher in kind.teachers}
    epochs = iter(_trainer(task, name, teachers).epochs())
    next(epochs)
    start = time.process_time()
    next(epochs)
    return time.process_time() - start


def _trained(task: Task, name: str, teachers: Mapping[str, Method]) -> Method:
    trainer = _trainer(task, name, teachers)
    for _ in trainer.epochs():
        pass
    return trainer.method


def _trainer(task: Task, name: str, teachers: Mapping[str, Method]) -> Trainer:
    kind = METHODS[name]
    plan = build(Plan, {**default_plan(task, kind), "epochs": 4, "samples": SAMPLES})
    torch.manual_seed(0)
    return Trainer(
        task=task,
        method=kind(task.info, kind.Config()),
        plan=plan,
        seed=0,
        folder=None,
        place=torch.device("cpu"),
        teachers=teachers,
        training=task.samples("train", plan.source),  # type: ignore[arg-type]
        validation=task.samples("valid", plan.source).take(128),  # type: ignore[arg-type]
    )


def as_markdown(task: Task, measured: Mapping[str, Mapping[str, float]]) -> str:
    """A row per method."""
    lines = ["| method | CPU seconds per 1,000 samples | times dropout | CPU minutes of a full training |"]
    lines.append("| --- | --- | --- | --- |")
    for name, row in measured.items():
        cells = (METHODS[name].title, f"{row['per_thousand']:.2f}", f"{row['ratio']:.2f}", f"{row['full'] / 60:.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    total = sum(row["full"] for row in measured.values()) / 60
    note = f"All methods once: {total:.0f} CPU minutes of one thread. MMANet's teacher is the joint model above."
    return "\n".join([*lines, "", note])


if __name__ == "__main__":
    main()
