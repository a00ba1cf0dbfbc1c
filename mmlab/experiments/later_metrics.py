"""Metrics added after a report was written, computed from the run's stored predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.core.task import TaskInfo
from mmlab.inference.sweep import mean_metrics, metrics
from mmlab.storage import sweep_file
from mmlab.storage.checkpoints import SWEEP

SOURCE = "built-in"  # of the answers that are stored


def with_metric(report: Mapping[str, Any], folder: Path, info: TaskInfo, metric: str) -> Mapping[str, Any]:
    """The report of the run in `folder` with this metric, where its stored answers say it; else as it is."""
    found = report["sources"].get(SOURCE)
    if found is None or metric in found["mean"] or not (folder / SWEEP).is_file():
        return report
    try:
        answers = sweep_file.read_whole(folder, str(report.get("digest", "")), info)
        table = metrics(answers, info.output, info.modalities)
    except MmlabError:
        return report
    if table.keys() != found["metrics"].keys() or not all(metric in row for row in table.values()):
        return report
    rows = {key: {**row, metric: table[key][metric]} for key, row in found["metrics"].items()}
    mean = {**found["mean"], metric: mean_metrics(table)[metric]}
    return {**report, "sources": {**report["sources"], SOURCE: {**found, "metrics": rows, "mean": mean}}}
