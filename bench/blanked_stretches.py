"""What a model makes of an input of which a stretch is blanked, beside what it does when told that it is missing.

    python bench/blanked_stretches.py                   # all built-in tasks, as a table for docs/methods.md 12

Every model of METHODS that ships (the first run of each) answers the shipped samples of its task with every input on
and one of them blanked in the middle, by a share of SHARES. The last column is its score without that input.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmlab.analysis.robustness.per_sample_scores import Measure, grade
from mmlab.core.batch import Samples
from mmlab.core.number_text import fixed, measured
from mmlab.core.task import TASKS
from mmlab.inference.blanking import BlankRule, answered_without, blanked_pack
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import sweep
from mmlab.modalities.corruption import offered
from mmlab.modalities.stretches import BLANKED
from mmlab.storage.library import Library

TASK_NAMES = ("digits", "watch", "opinion")
METHODS = ("joint", "dropout", "dmrnet")
SHARES = (0, 30, 60, 90)
PLACE = "middle"


def main() -> None:
    """Print the table."""
    heads = ["task", "input", "model", *(f"{percent} %" for percent in SHARES), "told that it is missing"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for name in TASK_NAMES:
        task, first = TASKS[name](), {}
        for each in Library().references(name):
            first.setdefault(each.method, each)
        models = [Model.open(first[method]) for method in METHODS if method in first]
        for item in task.info.modalities:
            if BLANKED not in offered(task, item):
                continue
            packs = [blanked_pack(name, BlankRule(item.name, PLACE), percent) for percent in SHARES]
            for model in models:
                cells = _cells(model, packs, task.info.modalities.names.index(item.name))
                print(f"| `{name}` | {item.name} | {model.method.title} | {' | '.join(cells)} |", flush=True)


def _cells(model: Model, packs: list[Samples], column: int) -> list[str]:
    """The score of complete input under every share, and without the input."""
    graded = [_headline(model, pack) for pack in packs]
    scores = [float(each.scores[-1]) for each in graded]
    scores.append(float(graded[0].scores[len(graded[0].scores) - 1 - (1 << column)]))
    return [f"{fixed(100 * each, 1)} %" if graded[0].is_share else measured(each, 3) for each in scores]


def _headline(model: Model, samples: Samples) -> Measure:
    found = answered_without(sweep(model.method, samples), model.method.modalities)
    whole = replace(found, present=np.ones_like(found.present))
    return next(iter(grade(whole, model.method.output).measures.values()))


if __name__ == "__main__":
    main()
