"""Conformal prediction: an error interval for a predicted number, per combination, from samples with known target.

Split conformal prediction (Lei et al., Distribution-Free Predictive Inference for Regression, 2018): the interval holds
with the stated chance for new samples like those that it was learned from, whatever the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.statistics import halves
from mmlab.analysis.embedding.projection import valid
from mmlab.analysis.robustness.calibration import interval_width
from mmlab.core.errors import DataError
from mmlab.core.results import Sweep

LEVEL = 0.9


@dataclass(frozen=True)
class ConformalInterval:
    """How far to either side of an answer its truth lies with chance `level`, learned from so many `samples`."""

    width: float
    level: float
    samples: int


def interval_by_combination(found: Sweep, sample: str = "", level: float = LEVEL) -> dict[str, ConformalInterval]:
    """By combination, for answers that are one number; a combination that too few samples have is left out.

    For a sample of the sweep itself, only the half of the groups that it does not belong to is used, so that nothing
    was learned from it.
    """
    used = np.ones(len(found.ids), bool)
    if sample in found.ids and len(set(found.groups)) > 1:
        fitted = halves(found.groups)
        used = ~fitted if fitted[found.ids.index(sample)] else fitted
    residuals = found.logits[..., 0].astype(np.float64) - found.target.astype(np.float64)
    there = valid(found) & used
    widths: dict[str, ConformalInterval] = {}
    for row, key in enumerate(found.combinations):
        chosen = residuals[row][there[row]]
        try:
            widths[key] = ConformalInterval(interval_width(chosen, level), level, len(chosen))
        except DataError:
            continue  # too few samples: no interval is better than a guessed one
    return widths
