"""The 95 % interval of a metric under every combination, from a sweep, as stored in reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.clusters import Clusters
from mmlab.analysis.embedding.projection import valid
from mmlab.analysis.robustness.per_sample_scores import Measure
from mmlab.core.metric import OutputMetric
from mmlab.core.results import Sweep


@dataclass(frozen=True)
class ScoreIntervals:
    """By combination (low, high), NaN where there is none, clustered by the groups of the samples."""

    metric: str
    bounds: dict[str, tuple[float, float]]
    clusters: Clusters


def score_intervals(found: Sweep, metric: OutputMetric) -> ScoreIntervals:
    """Of each combination, over the samples that really have all of its modalities; left out where no sample has."""
    bounds, there = {}, valid(found)
    for k, key in enumerate(found.combinations):
        rows = np.flatnonzero(there[k])
        if len(rows):
            groups = tuple(found.groups[row] for row in rows)
            low, high = Measure(metric, found.logits[k : k + 1, rows], found.target[rows], groups).intervals[0]
            bounds[key] = (float(low), float(high))
    return ScoreIntervals(metric.name, bounds, Clusters.of(found.groups))
