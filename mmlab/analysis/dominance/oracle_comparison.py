"""A model beside the best possible predictor, for a task where that is known by construction.

The fair share (Shapley) of a modality in the best score is its true dominance; in the model's own score, the measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.dominance.measures.shapley import shapley
from mmlab.analysis.dominance.payoffs import value_table
from mmlab.core.errors import DataError
from mmlab.core.outputs import Regression

KNOWN = {"sign_accuracy": ("right", 1.0), "mae": ("closeness", -1.0)}  # the value per sample, and its sign as a score
Z = 1.959964


@dataclass(frozen=True)
class OracleComparison:
    """One score by bit mask, at best and as measured, and what of its gain is due to each modality.

    best, measured: `[2**M]`, row 0 without any input.
    true, shares:   `[M]`, the fair shares of the gain over row 0 (of the error's fall, for an error).
    low, high:      `[M]`, the 95 % interval of `shares` over the samples.
    """

    score: str
    best: Numbers
    measured: Numbers
    true: Numbers
    shares: Numbers
    low: Numbers
    high: Numbers

    @property
    def used(self) -> Numbers:
        """The part of what each modality could bring that it does bring, `[M]`."""
        return self.shares / self.true


def compare_with_oracle(
    known: Mapping[str, Mapping[str, float]], found: Lattice, output: Regression, score: str
) -> OracleComparison:
    """Best and measured of `mae` or `sign_accuracy`, from the best scores by combination. Raises DataError."""
    try:
        best = np.array([known[key][score] for key in found.keys])
    except KeyError as error:
        raise DataError("The best possible score is not known for every combination.") from error
    name, sign = KNOWN[score]
    values = value_table(output, found.logits, found.target, name)
    each = shapley(values)
    shares, error_of = each.mean(1), each.std(1) / np.sqrt(max(each.shape[1], 1))
    return OracleComparison(
        score=score,
        best=best,
        measured=sign * values.mean(1),
        true=shapley(sign * best),
        shares=shares,
        low=shares - Z * error_of,
        high=shares + Z * error_of,
    )
