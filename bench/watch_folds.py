"""The task `watch` over its five folds: every person is tested once, by models that never saw them or their partner.

Per method and combination the mean and the spread over the folds; with `specialists` and `joint` among the methods
also what losing a sensor costs a joint model against never having had it:

    python bench/watch_folds.py --methods specialists,joint,dropout,dmrnet --write docs/tables --fill docs/results.md

Goes on where an earlier call was cut off, and measures nothing twice (`--folder`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.train_job import default_plan
from mmlab.inference.device import device, one_thread
from mmlab.inference.sweep import metrics, sweep
from mmlab.storage.checkpoints import round_to_half
from mmlab.tasks.generators.watch.recordings import PAIRS
from mmlab.tasks.watch import MODALITIES, Watch
from mmlab.training.loop import Trainer

KEYS = tuple(combination.key for combination in MODALITIES.subsets())
Scores = dict[str, dict[str, list[float]]]  # by method and combination: one accuracy per fold


def trained(name: str, task: Watch, folder: Path, plan: dict[str, Any]) -> Method:
    """A method on a fold, after the methods that it learns from."""
    kind = METHODS[name]
    teachers = {teacher: trained(teacher, task, folder, plan) for teacher in kind.teachers}
    torch.manual_seed(0)
    trainer = Trainer(
        task=task,
        method=kind(task.info, build(kind.Config, {})),
        plan=build(Plan, {**default_plan(task, kind), **plan}),
        seed=0,
        folder=folder / f"fold{task.fold}" / name,
        place=device(),
        teachers=teachers,
        training=task.samples("train"),
        validation=task.samples("valid"),
    )
    for _ in trainer.epochs():
        pass
    round_to_half(trainer.method)
    return trainer.method


def measure(name: str, fold: int, folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Accuracy by combination on the people of a fold, and CPU seconds; from an earlier call where there is one."""
    kept = folder / f"fold{fold}" / f"{name}.json"
    if kept.is_file():
        return json.loads(kept.read_text("utf-8"))
    start = time.process_time()
    task = Watch(fold)
    method = trained(name, task, folder, plan)
    found = sweep(method, task.samples("test"))
    table = metrics(found, method.output, method.modalities)
    accuracy = {key: table[key]["accuracy"] for key in KEYS}
    result = {"accuracy": accuracy, "cpu_seconds": time.process_time() - start}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result), "utf-8")
    said = ", ".join(f"{key} {value:.3f}" for key, value in accuracy.items())
    print(f"{name}, fold {fold}: {said}; {result['cpu_seconds']:.0f} s of CPU", flush=True)
    return result


def as_markdown(scores: Scores) -> str:
    """Mean ± standard deviation over the folds in percent, and what is lost with a sensor."""
    head = ["method", *(MODALITIES.parse(key).label for key in KEYS)]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for name, found in scores.items():
        cells = [_cell(found[key]) for key in KEYS]
        lines.append(f"| {METHODS[name].title} | {' | '.join(cells)} |")
    if {"specialists", "joint"} <= set(scores):
        lines += ["", *(_lost(scores, key) for key in KEYS[:-1])]
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    return (
        f"{100 * np.mean(values):.1f} ± {100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1%}"
    )


def _lost(scores: Scores, key: str) -> str:
    """A sentence: the joint model with one sensor left, against a network that only ever had this one."""
    alone, left = scores["specialists"][key], scores["joint"][key]
    cost = [100 * (first - second) for first, second in zip(alone, left, strict=True)]
    label = MODALITIES.parse(key).label
    return (
        f"With only the {label.lower()} left, the joint model is right {np.mean(left):.1%} of the time; a network that "
        f"only ever had it, {np.mean(alone):.1%}: {np.mean(cost):.1f} points lost (by fold: "
        f"{', '.join(f'{value:.1f}' for value in cost)})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="specialists,joint,dropout", help="names, separated by commas")
    parser.add_argument("--folds", type=int, default=len(PAIRS), help="how many of the folds")
    parser.add_argument("--epochs", type=int, help="another number of epochs than the task's")
    parser.add_argument("--folder", type=Path, default=Path("build/watch_folds"), help="where runs are kept")
    parser.add_argument("--write", type=Path, help="folder for watch_folds.json and watch_folds.md")
    parser.add_argument("--fill", type=Path, help="document with the mark table:watch_folds")
    options = parser.parse_args()
    one_thread()
    plan = {"epochs": options.epochs} if options.epochs else {}
    scores: Scores = {}
    for name in options.methods.split(","):
        found = [measure(name, fold, options.folder, plan)["accuracy"] for fold in range(options.folds)]
        scores[name] = {key: [each[key] for each in found] for key in KEYS}
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "watch_folds.json").write_text(json.dumps(scores, indent=1) + "\n", "utf-8")
        (options.write / "watch_folds.md").write_text(as_markdown(scores) + "\n", "utf-8")
    if options.fill:
        fill(options.fill, {"watch_folds": as_markdown(scores)})
    print(as_markdown(scores))


if __name__ == "__main__":
    main()
