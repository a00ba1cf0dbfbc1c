"""The small search that every method gets, of the same size, judged on validation only; and its table.

Each method is trained with its usual settings, two other learning rates, and two other values of what matters most to
it (the weight decay for baselines without a weight of their own). Half the usual epochs, one seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmlab.core.declarations import Setting
from mmlab.core.method import METHODS
from mmlab.core.options import as_dict, build
from mmlab.core.task import TASKS
from mmlab.core.training_plan import Plan
from mmlab.experiments.train_job import TrainJob, default_plan
from mmlab.storage import report_file
from mmlab.storage.library import Library
from mmlab.storage.report_file import REPORT

EPOCHS_SHARE = 0.5


COMMON = (
    Setting("usual"),
    Setting("learning_rate-0.001", {"learning_rate": 1e-3}),
    Setting("learning_rate-0.01", {"learning_rate": 1e-2}),
)


@dataclass(frozen=True)
class SearchResult:
    """One setting that was tried: its score on validation (mean over combinations) and the minutes that it took."""

    method: str
    setting: str
    score: float
    minutes: float


def settings(method: str) -> tuple[Setting, ...]:
    """The settings that are tried for a method: five for each."""
    return (*COMMON, *METHODS[method].search)


def search_jobs(tasks: Sequence[str], methods: Sequence[str], plan: Mapping[str, Any]) -> list[TrainJob]:
    """A job per task, method and setting, with half the usual epochs unless `plan` says otherwise."""
    return [_job(task, name, setting, plan) for task in tasks for name in methods for setting in settings(name)]


def _job(task: str, method: str, setting: Setting, plan: Mapping[str, Any]) -> TrainJob:
    usual = build(Plan, default_plan(TASKS[task](), METHODS[method]))
    epochs = max(1, round(EPOCHS_SHARE * as_dict(usual)["epochs"]))
    return TrainJob(task, method, setting.config, {"epochs": epochs, **plan, **setting.plan}, 0, tag(setting))


def tag(setting: Setting) -> str:
    """The folder of a setting's run."""
    return f"search-{setting.name}"


def results(library: Library, task: str, methods: Iterable[str]) -> list[SearchResult]:
    """What the library holds of the search, in order; a setting that was not tried is left out."""
    found = []
    for method in methods:
        for setting in settings(method):
            file = library.folder(task, method, tag(setting)) / REPORT
            if file.is_file():
                card = report_file.read(file.parent)["card"]
                minutes = float(card["training_seconds"]) / 60
                found.append(SearchResult(method, setting.name, float(card.get("validation", math.nan)), minutes))
    return found


def as_markdown(task: str, found: Sequence[SearchResult]) -> str:
    """A row per method: the score of each setting on validation, the best in bold, and what the search cost."""
    output = TASKS[task].info.output
    better = max if output.higher_is_better else min
    lines = ["| method | settings and their score on validation | minutes |", "| --- | --- | --- |"]
    for method in dict.fromkeys(row.method for row in found):
        tried = [row for row in found if row.method == method]
        best = better(row.score for row in tried)
        cells = [f"{'**' if row.score == best else ''}{row.setting} {row.score:.3f}" for row in tried]
        cells = [f"{cell}**" if cell.startswith("**") else cell for cell in cells]
        minutes = sum(row.minutes for row in tried)
        lines.append(f"| {METHODS[method].title} | {', '.join(cells)} | {minutes:.1f} |")
    note = f"{output.headline} on validation, mean over combinations, one seed, half the usual epochs."
    return "\n".join([*lines, "", note])
