"""Which reports of a library belong into one comparison, and the reasons why others do not."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmlab.core.data_version import changed_since, other_data
from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination
from mmlab.core.task import TASKS, TaskInfo
from mmlab.core.untrained import sentence, untrained
from mmlab.experiments.gap_card import of_other_gaps
from mmlab.experiments.later_metrics import with_metric
from mmlab.storage import report_file
from mmlab.storage.library import Library
from mmlab.storage.report_file import REPORT

Reports = tuple[list[Mapping[str, Any]], list[str]]


def why_unusable(report: Any, info: TaskInfo) -> str:
    """What is wrong with the content of a report file of a task; empty where nothing is."""
    try:
        card = report["card"]
        numbers = [float(card["parameters"]), float(card["training_seconds"]), float(int(card["seed"]))]
        if report["headline"] not in info.output.metric_names or card["task"]["name"] != info.name:
            return "it is about another task"
        for found in report["sources"].values():
            tables = [found["metrics"][combination.key] for combination in _measured(found, info)]
            numbers += [float(found["samples"])]
            numbers += [float(table[report["headline"]]) for table in [*tables, found["mean"]]]
            numbers += [float(value) for table in [*tables, found["mean"]] for value in table.values()]
    except (LookupError, TypeError, ValueError, AttributeError):
        return "something is missing in it"
    return "a number in it is infinite" if any(map(math.isinf, numbers)) else ""


def _measured(found: Mapping[str, Any], info: TaskInfo) -> Sequence[Combination]:
    """The combinations that a test set has samples of: all, those that it counts, or those without what is nowhere."""
    if "counts" in found:
        return [c for c in info.modalities.subsets() if found["counts"][c.key]]
    keys = set(found["metrics"])
    names = {name for key in keys for name in key.split("-")}
    wanted = [c for c in info.modalities.subsets() if names.issuperset(c.names)]
    return wanted if keys == {combination.key for combination in wanted} else info.modalities.subsets()


def of_seeds(
    library: Library,
    task: str,
    method: str,
    fingerprint: str,
    pattern: re.Pattern[str],
    metric: str,
    missing: str = "",
) -> Reports:
    """The reports of a method's seeds on the data of that fingerprint, and in words what is wrong with the others.

    missing: the gaps that they were trained with; of a table, those with another content than it has now are others.
    """
    info = TASKS[task].info
    found: list[Mapping[str, Any]] = []
    problems: list[str] = []
    folders = library.glob(f"{task}/{method}/*")
    files = [folder / REPORT for folder in folders if pattern.fullmatch(folder.name)]
    for file in (file for file in files if file.is_file()):
        try:
            report = report_file.read(file.parent)
        except MmlabError as error:
            problems.append(str(error))
            continue
        if why := why_unusable(report, info):
            problems.append(f"The report of {task}/{method}/{file.parent.name} was left out: {why}.")
        elif changed_since(report["card"], fingerprint):
            run = f"{task}/{method}/{file.parent.name}"
            problems.append(f"{run} was left out: it was trained {other_data(report['card'], TASKS[task]())}.")
        elif Path(missing).is_file() and of_other_gaps(report["card"], missing):
            run = f"{task}/{method}/{file.parent.name}"
            problems.append(f"{run} was left out: '{Path(missing).name}' has changed since it was trained.")
        else:
            found.append(with_metric(report, file.parent, info, metric) if metric else report)
            if told := sentence(untrained(report["card"]), info.modalities):
                problems.append(f"{task}/{method}/{file.parent.name}: {told}")
    return found, problems
