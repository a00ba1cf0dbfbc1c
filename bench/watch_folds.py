"""The task `watch` over its five folds: every person is tested once, by models that never saw them or their partner.

Per method and combination the mean and the spread over the folds, and the difference to dropout with an interval over
the folds: pairs of people are what is drawn, and seeds of one fold are averaged first. With `specialists` and `joint`
among the methods also what losing a sensor costs a joint model against never having had it:

    python bench/watch_folds.py --methods all --seeds 5 --write docs/tables --fill docs/results.md

Goes on where an earlier call was cut off, and measures nothing twice (`--folder`), so that several calls with different
`--methods` may share the work and a last one writes the table of all. `--engine ray` shares it out over a cluster
(docs/scaling.md), whose machines see that folder, `--processes 2` over processes of this machine.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options, put_down
from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.methods.seed_comparison import corrected, interval, paired_p
from mmlab.core.method import METHODS, Method
from mmlab.core.number_text import p_value
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.experiments.ablations import ordered
from mmlab.experiments.executors import Share, opened
from mmlab.experiments.train_job import default_plan
from mmlab.inference.device import device, one_thread
from mmlab.inference.sweep import metrics, sweep
from mmlab.storage.checkpoints import round_to_half
from mmlab.storage.file_lock import held
from mmlab.tasks.generators.watch.recordings import PAIRS
from mmlab.tasks.watch import MODALITIES, Watch
from mmlab.training.loop import Trainer

KEYS = tuple(combination.key for combination in MODALITIES.subsets())
BASELINE = "dropout"
Scores = dict[str, dict[str, list[list[float]]]]  # by method and combination: accuracies of each fold by seed
Job = tuple[str, int, int]  # method, fold, seed


def measured(jobs: Sequence[Job], options: argparse.Namespace) -> dict[Job, dict[str, Any]]:
    """What `measure` finds for each job, on the engine that was asked for. Those without teachers come first."""
    plan = {"epochs": options.epochs} if options.epochs else {}
    work = partial(_measure, folder=options.folder.absolute(), plan=plan)
    found: dict[Job, dict[str, Any]] = {}
    with opened(options.engine, options.folder, options.processes, Share(options.cpus, options.gpus)) as engine:
        for some in ([each for each in jobs if bool(METHODS[each[0]].teachers) == has] for has in (False, True)):
            for job, result in engine.map(work, some):
                if isinstance(result, Exception):
                    raise result
                found[job] = result
    return found


def _measure(job: Job, folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    one_thread()
    return measure(*job, folder, plan)


def trained(name: str, task: Watch, seed: int, folder: Path, plan: dict[str, Any]) -> Method:
    """A method on a fold, after the methods that it learns from."""
    home = folder / f"fold{task.fold}" / _run(name, seed)
    with held(home.with_name(f"{home.name}.alive"), math.inf):  # two that learn from the same teacher may need it now
        return _trained(name, task, seed, folder, plan)


def _trained(name: str, task: Watch, seed: int, folder: Path, plan: dict[str, Any]) -> Method:
    kind = METHODS[name]
    teachers = {teacher: trained(teacher, task, seed, folder, plan) for teacher in kind.teachers}
    torch.manual_seed(seed)
    trainer = Trainer(
        task=task,
        method=kind(task.info, build(kind.Config, {})),
        plan=build(Plan, {**default_plan(task, kind), **plan}),
        seed=seed,
        folder=folder / f"fold{task.fold}" / _run(name, seed),
        place=device(),
        teachers=teachers,
        training=task.samples("train"),
        validation=task.samples("valid"),
    )
    for _ in trainer.epochs():
        pass
    round_to_half(trainer.method)
    return trainer.method


def _run(name: str, seed: int) -> str:
    """What the run of a method is called in the folder of its fold."""
    return f"{name}-seed{seed}" if seed else name


def measure(name: str, fold: int, seed: int, folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Accuracy by combination on the people of a fold, and CPU seconds; from an earlier call where there is one."""
    kept = folder / f"fold{fold}" / f"{_run(name, seed)}.json"
    if kept.is_file():
        return json.loads(kept.read_text("utf-8"))
    start = time.process_time()
    task = Watch(fold)
    method = trained(name, task, seed, folder, plan)
    found = sweep(method, task.samples("test"))
    table = metrics(found, method.output, method.modalities)
    accuracy = {key: table[key]["accuracy"] for key in KEYS}
    result = {"accuracy": accuracy, "cpu_seconds": time.process_time() - start}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result), "utf-8")
    said = ", ".join(f"{key} {value:.3f}" for key, value in accuracy.items())
    print(f"{name}, fold {fold}, seed {seed}: {said}; {result['cpu_seconds']:.0f} s of CPU", flush=True)
    return result


def as_markdown(scores: Scores) -> str:
    """Mean ± standard deviation over the folds in percent, differences to dropout, and what is lost with a sensor."""
    head = ["method", "seeds", *(MODALITIES.parse(key).label for key in KEYS), "mean"]
    base = METHODS[BASELINE].title if BASELINE in scores else ""
    head += [f"mean - {base} [95 %]", "p (Holm)"] if base else []
    paired = {name: _mean(found) - _mean(scores[BASELINE]) for name, found in scores.items()} if base else {}
    p = corrected({name: paired_p(each) for name, each in paired.items() if name != BASELINE})
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for name, found in scores.items():
        cells = [str(len(found[KEYS[0]][0])), *(_cell(_folds(found[key])) for key in KEYS), _cell(_mean(found))]
        if base:
            cells += ["", ""] if name == BASELINE else [_difference(paired[name]), p_value(p[name])]
        lines.append(f"| {METHODS[name].title} | {' | '.join(cells)} |")
    note = "accuracy in %; ± is the standard deviation over the folds, seeds averaged first."
    note += " Intervals (Student's t) and p are over the folds: pairs of people are what varies." if base else ""
    lines += ["", note]
    if {"specialists", "joint"} <= set(scores):
        lines += ["", *(_lost(scores, key) for key in KEYS[:-1])]
    return "\n".join(lines)


def _folds(found: Sequence[Sequence[float]]) -> Numbers:
    """The mean over seeds of each fold, `[F]`."""
    return np.array([np.mean(seeds) for seeds in found])


def _mean(found: dict[str, list[list[float]]]) -> Numbers:
    """The mean over combinations of each fold, `[F]`."""
    return np.mean([_folds(found[key]) for key in KEYS], 0)


def _cell(values: Numbers) -> str:
    spread = f" ± {100 * values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{100 * values.mean():.1f}{spread}"


def _difference(values: Numbers) -> str:
    mean, low, high = (100 * each for each in interval(values))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]" if len(values) > 1 else f"{mean:+.1f}"


def _lost(scores: Scores, key: str) -> str:
    """A sentence: the joint model with one sensor left, against a network that only ever had this one."""
    alone, left = (_folds(scores[name][key]) for name in ("specialists", "joint"))
    cost = 100 * (alone - left)
    label = MODALITIES.parse(key).label
    return (
        f"With only the {label.lower()} left, the joint model is right {left.mean():.1%} of the time; a network that "
        f"only ever had it, {alone.mean():.1%}: {cost.mean():.1f} points lost (by fold: "
        f"{', '.join(f'{value:.1f}' for value in cost)})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="specialists,joint,dropout", help="names, separated by commas, or all")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds on each fold")
    parser.add_argument("--folds", type=int, default=len(PAIRS), help="how many of the folds")
    parser.add_argument("--epochs", type=int, help="another number of epochs than the task's")
    parser.add_argument("--folder", type=Path, default=Path("build/watch_folds"), help="where runs are kept")
    parser.add_argument("--engine", choices=("processes", "ray"), default="processes", help="what carries the runs out")
    parser.add_argument("--processes", type=int, default=1, help="runs at a time; 0 is one per core, or what fits")
    parser.add_argument("--cpus", type=float, default=1.0, help="of ray: the cores that each run gets")
    parser.add_argument("--gpus", type=float, default=0.0, help="of ray: the GPUs that each run gets, such as 0.25")
    add_options(parser)
    options = parser.parse_args()
    names = ordered() if options.methods == "all" else options.methods.split(",")
    folds, seeds = range(options.folds), range(options.seeds)
    results = measured([(name, fold, seed) for name in names for fold in folds for seed in seeds], options)
    scores: Scores = {}
    for name in names:
        found = [[results[name, fold, seed]["accuracy"] for seed in seeds] for fold in folds]
        scores[name] = {key: [[each[key] for each in seeds] for seeds in found] for key in KEYS}
    put_down("watch_folds", scores, as_markdown(scores), options.write, options.fill)


if __name__ == "__main__":
    main()
