"""Reference scores of a task: a linear model and a random forest for each combination, on the samples that have all of
its inputs.

>>> found = measure("mine", library)     # fits, and keeps `baselines.json` reference_scores the models of the task
>>> stored("mine", library)              # what was kept, if the data are still the same
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.methods.reference_models import ABOUT, TITLES, Flat, Table, answers
from mmlab.core.batch import Samples
from mmlab.core.data_version import fingerprint_of
from mmlab.core.errors import Unsupported
from mmlab.core.modality import Combination
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.stored_rows import StoredRows, in_parts, rows_at
from mmlab.core.task import TASKS, Task
from mmlab.inference.sweep import mean_metrics
from mmlab.storage import baselines_file
from mmlab.storage.library import Library

MOST_ROWS = 20_000  # of training samples: more make a forest slow and neither model better
QUICK_NUMBERS = 2**20  # of the training samples
MOST_NUMBERS = 2**26  # of an input on disk, by which its principal components are found: 256 MB


def measure(name: str, library: Library, on_progress: Callable[[float], None] | None = None) -> dict[str, Any]:
    """Fit both reference models to every combination of a task, and keep what they score on the test samples.

    Raises Unsupported for answers that are pictures.
    """
    found = fitted(name, on_progress)
    baselines_file.write(library, name, found)
    return found


def fitted(name: str, on_progress: Callable[[float], None] | None = None) -> dict[str, Any]:
    """The same, not kept."""
    task = TASKS[name]()
    output, modalities = task.info.output, task.info.modalities
    if not output.keeps_logits:  # a plain model of each pixel would be no reference for outlines
        raise Unsupported(
            "There is no reference model for regions.", "An empty answer is one: see what evaluate says of it."
        )
    splits = {split: task.samples(split) for split in ("train", "valid", "test")}
    if len(splits["train"]) > MOST_ROWS:
        splits["train"] = splits["train"].take(MOST_ROWS)
    flat = _flat(task, splits)
    tables: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in TITLES}
    combinations = modalities.subsets()
    for place, combination in enumerate(combinations):
        training, validation, test = (_table(flat[split], splits[split], combination) for split in splits)
        rows = _rows(splits["test"], combination)
        groups = [splits["test"].groups[row] for row in np.flatnonzero(rows)]
        for kind in TITLES if len(training[1]) > 1 and len(test[1]) else ():
            try:
                found = answers(kind, training, validation, test[0], output.channels)
            except Unsupported:
                continue  # nothing can be learned from these: the combination is left out
            tables[kind][combination.key] = output.metrics_of(found, test[1], groups)
            if on_progress is not None:
                on_progress((place + (kind == "forest")) / len(combinations))
    return {
        "contents": fingerprint_of(task),
        "samples": len(splits["test"]),
        "baselines": {
            kind: {"title": TITLES[kind], "about": ABOUT[kind], "metrics": table, "mean": mean_metrics(table)}
            for kind, table in tables.items()
            if table
        },
    }


def reference_scores(name: str, library: Library, metric: str) -> dict[str, dict[str, float]]:
    """What the reference models score by title and combination, to be written beside a model's scores.

    Measured now where they were not before and vectors make it a matter of seconds; else empty.
    """
    found = stored(name, library)
    if not found and is_quick(TASKS[name]()):
        found = fitted(name)["baselines"]
    return baselines_file.scores(found, metric)


def is_quick(task: Task) -> bool:
    """Whether both models are fitted in seconds: vectors, and not too many."""
    if not task.info.output.keeps_logits or not all(modality_kind(item.kind).quick for item in task.info.modalities):
        return False
    numbers = sum(prod(item.shape) for item in task.info.modalities)
    if task.info.output.yes_or_no:  # a model for each
        numbers *= task.info.output.channels
    return len(task.samples("train")) * numbers <= QUICK_NUMBERS


def stored(name: str, library: Library) -> dict[str, Any]:
    """What was measured for a task on the data as they are now; empty where nothing was."""
    return baselines_file.read(library, name, fingerprint_of(TASKS[name]()))


def _flat(task: Task, splits: Mapping[str, Samples]) -> dict[str, dict[str, NDArray[Any]]]:
    """The numbers `[N, n]` of each input, by split. Of inputs on disk, components are found in the first rows."""
    found: dict[str, dict[str, NDArray[Any]]] = {split: {} for split in splits}
    for position, item in enumerate(task.info.modalities):
        there = splits["train"].present[:, position]
        seen = rows_at(splits["train"].inputs[item.name], there)
        most = MOST_NUMBERS // prod(item.shape) if isinstance(seen, StoredRows) else len(seen)
        training = seen[:most].float().numpy()
        if not len(training):
            training = np.zeros((2, *item.shape), np.float32)
        fitted = Flat(training, len(item.shape) == 1, modality_kind(item.kind).discrete)
        for split, samples in splits.items():
            parts = in_parts(samples.inputs[item.name])
            found[split][item.name] = np.concatenate([fitted(part.float().numpy()) for part in parts])
    return found


def _rows(samples: Samples, combination: Combination) -> NDArray[np.bool_]:
    """Which samples have everything of a combination."""
    names = list(samples.inputs)
    return np.asarray(samples.present[:, [names.index(name) for name in combination.names]].all(1).numpy())


def _table(flat: Mapping[str, NDArray[Any]], samples: Samples, combination: Combination) -> Table:
    rows = _rows(samples, combination)
    joined = np.concatenate([flat[name] for name in combination.names], 1)[rows]
    return joined, samples.target.numpy()[rows]
