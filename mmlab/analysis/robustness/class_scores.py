"""Failing classes or labels: an overall score can hide that one class is hardly ever recognised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlab.analysis.embedding.projection import valid
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep

FEWEST = 5  # samples of a class, of which something is said
FAILS = 0.5  # of the accuracy over all samples


@dataclass(frozen=True)
class ClassScore:
    """The class or label found least often: its name, how often, of how many samples; `fails` if it is far behind."""

    name: str
    accuracy: float
    samples: int
    fails: bool


def worst_classes(found: Sweep, output: Output) -> dict[str, ClassScore]:
    """By combination, over the samples that have all its modalities; empty for answers without classes or labels."""
    names, there, worst = output.label_names, valid(found), {}
    for k, key in enumerate(found.combinations if names else ()):
        rows = there[k]
        right, counts = output.recall_counts(found.logits[k][rows], found.target[rows])
        some = np.flatnonzero(counts >= FEWEST)
        if len(some):
            each = right[some] / counts[some]
            least, share = int(some[each.argmin()]), float(each.min())
            behind = share < FAILS * float(right.sum() / counts.sum())
            worst[key] = ClassScore(names[least], share, int(counts[least]), behind)
    return worst
