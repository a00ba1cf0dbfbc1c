"""Robustness to partly blanked recordings: sweeps of the shipped samples with a stretch of one input blanked, from none
of it to all, always at one position. Computed on demand, and cached.

A recording of which too little is left to be read counts as missing, as it does on the Bench: the combinations that
hold it answer by their other inputs, and `Sweep.present` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities
from mmlab.core.results import Sweep
from mmlab.core.task import TASKS, TaskInfo
from mmlab.inference import imputation
from mmlab.inference.imputation import COUNT, Progress
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import sweep
from mmlab.modalities.stretches import RANDOM, blanked_share

PERCENT = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


@dataclass(frozen=True)
class BlankRule:
    """Which input is blanked, and where: at a place of `mmlab.modalities.stretches`, or at random under a seed."""

    modality: str
    place: str
    seed: int = 0

    @property
    def text(self) -> str:
        """The rule as in an address: `sound:middle`, `sound:random:3`."""
        return f"{self.modality}:{self.place}:{self.seed}" if self.place == RANDOM else f"{self.modality}:{self.place}"

    def kept_as(self, percent: int) -> str:
        """The name of its sweep on disk."""
        return f"{self.text.replace(':', '-')}-blanked-{percent}"


def compute_blanked(
    model: Model, rule: BlankRule, count: int = COUNT, on_progress: Progress | None = None
) -> list[Sweep]:
    """A model on the shipped samples with each share of `PERCENT` of one input blanked, computed and kept."""
    found = []
    for place, percent in enumerate(PERCENT):
        samples = blanked_pack(model.task.name, rule, percent, count)
        swept = sweep(model.method, samples, digest=model.digest)
        each = answered_without(swept, model.method.modalities)
        imputation.store(imputation.folder_of(model.digest, rule.kept_as(percent)), each)
        found.append(each)
        if on_progress is not None:
            on_progress((place + 1) / len(PERCENT))
    return found


def stored_blanked(digest: str, rule: BlankRule, info: TaskInfo | None = None) -> list[Sweep]:
    """What `compute_blanked` kept, a sweep per share. info: of the task that it must fit. Raises NotComputed."""
    return [
        imputation.read_stored(imputation.folder_of(digest, rule.kept_as(percent)), digest, info) for percent in PERCENT
    ]


def blanked_stamp(digest: str, rule: BlankRule) -> int:
    """When the last share was written; 0 for never, and for a model that was not measured."""
    return imputation.modified(imputation.folder_of(digest, rule.kept_as(PERCENT[-1]))) if digest else 0


def blanked_pack(task_name: str, rule: BlankRule, percent: int, count: int = COUNT) -> Samples:
    """The first shipped samples that have every input, so much of one blanked, and prepared again.

    At random each sample has a place of its own. What cannot be read any more is not present.
    """
    intact = imputation.shipped(task_name, count)
    if not percent:
        return intact
    task = TASKS[task_name]()
    column = task.info.modalities.names.index(rule.modality)
    tensors, present = intact.inputs[rule.modality].clone(), intact.present.clone()
    for row, sample in enumerate(intact.ids):
        raw = blanked_share(task.example(sample).raw[rule.modality], percent / 100, rule.place, (rule.seed, row))
        try:
            tensors[row] = task.prepare(rule.modality, raw).tensor
        except DataError:
            present[row, column] = False
    return replace(intact, inputs={**intact.inputs, rule.modality: tensors}, present=present)


def answered_without(found: Sweep, modalities: Modalities) -> Sweep:
    """The sweep in which each combination answers by those of its inputs that a sample has.

    A combination of which a sample has nothing keeps what it was given, which is no answer: see `present`.
    """
    logits, mean = found.logits.copy(), found.mean.copy()
    variance = None if found.variance is None else found.variance.copy()
    for k, key in enumerate(found.combinations):
        names = modalities.parse(key).names
        for rows, left in _left(names, modalities, found.present):
            source = found.index(left)
            logits[k, rows], mean[k, rows] = found.logits[source, rows], found.mean[source, rows]
            if variance is not None and found.variance is not None:
                variance[k, rows] = found.variance[source, rows]
    return replace(found, logits=logits, mean=mean, variance=variance)


def _left(
    names: Sequence[str], modalities: Modalities, present: NDArray[np.bool_]
) -> list[tuple[NDArray[np.intp], str]]:
    """The samples that lack some of these inputs, by the combination of those that they have."""
    columns = [modalities.names.index(name) for name in names]
    there = present[:, columns]
    found = []
    for pattern in np.unique(there, axis=0):
        if pattern.any() and not pattern.all():
            left = modalities.combination(name for name, has in zip(names, pattern, strict=True) if has).key
            found.append((np.flatnonzero((there == pattern).all(1)), left))
    return found
