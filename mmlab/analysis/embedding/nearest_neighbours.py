"""The nearest neighbours of one sample, in all dimensions of the embedding: under its combination and under others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.embedding.projection import valid
from mmlab.core.results import Floats, Sweep


@dataclass(frozen=True)
class Near:
    """Samples and combinations as positions in the sweep, `[C]`, with their Euclidean distances, nearest first."""

    samples: NDArray[np.int64]
    combinations: NDArray[np.int64]
    distances: NDArray[np.float64]


def within(found: Sweep, place: Floats, combination: int, count: int, without: int = -1) -> Near:
    """The nearest samples under the same combination to the embedding `place` `[D]`; `without` is left out."""
    allowed = np.zeros(found.mean.shape[:2], bool)
    allowed[combination] = True
    return _nearest(found, place, allowed, count, without)


def across(found: Sweep, place: Floats, combination: int, count: int, without: int = -1) -> Near:
    """The nearest samples under any other combination, each sample at its nearest one only."""
    allowed = np.ones(found.mean.shape[:2], bool)
    allowed[combination] = False
    return _nearest(found, place, allowed, count, without)


def _nearest(found: Sweep, place: Floats, allowed: NDArray[np.bool_], count: int, without: int) -> Near:
    allowed = allowed & valid(found)
    if without >= 0:
        allowed[:, without] = False
    distances = np.linalg.norm(found.mean - place, axis=2).astype(np.float64)
    distances[~allowed] = np.inf
    best = distances.argmin(0)
    reach = distances[best, np.arange(len(best))]
    order = np.argsort(reach, kind="stable")[:count]
    order = order[np.isfinite(reach[order])]
    return Near(order, best[order], reach[order])
