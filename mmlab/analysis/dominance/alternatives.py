"""What would help: how evenly models trained with other methods use their inputs, and at what price.

The parts are those of the verdict (`verdict.shares_of_scores`), from the scores of each combination, so a method needs
no more than its report. Other trainings are no change to the model that is shown, and a smaller part is no gain by
itself: the scores with all inputs, without the leader, and over all combinations stand beside it.

>>> rows = alternatives({"joint": tables, "ogm_ge": others}, leader=0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite
from mmlab.analysis.dominance.verdict import shares_of_scores


@dataclass(frozen=True, eq=False)
class Alternative:
    """One method, means over its seeds.

    shares: each input's part of the Shapley value, `[M]`, signed; spread: its standard deviation over seeds, `[M]` (NaN
    for one). complete, without, mean: the score with all inputs, with all but the leader of the model that is shown,
    and over all combinations.
    """

    name: str
    seeds: int
    shares: Numbers
    spread: Numbers
    complete: float
    without: float
    mean: float

    @property
    def first(self) -> int:
        """The input with the largest part in this method."""
        return int(self.shares.argmax())

    @property
    def largest(self) -> float:
        """That part: 1 / M where all inputs are used alike."""
        return float(self.shares[self.first])


def alternatives(scores: Mapping[str, ArrayLike], leader: int) -> list[Alternative]:
    """Methods by their largest part, the most even first. scores: of each seed, `[S, 2**M]` by bit mask.

    Raises ValueError for NaN, for no seed, and for a leader that is no input.
    """
    return sorted((_alternative(name, table, leader) for name, table in scores.items()), key=lambda each: each.largest)


def _alternative(name: str, scores: ArrayLike, leader: int) -> Alternative:
    table = finite(scores, "scores", 2)
    if not len(table) or not 0 <= leader < table.shape[1].bit_length() - 1:
        raise ValueError(f"{name} needs a seed, and the leader to be one of its inputs.")
    shares = np.stack([shares_of_scores(name, row).shares for row in table])
    spread = shares.std(0, ddof=1) if len(table) > 1 else np.full(shares.shape[1], np.nan)
    full = table.shape[1] - 1
    return Alternative(
        name,
        len(table),
        shares.mean(0),
        spread,
        float(table[:, full].mean()),
        float(table[:, full - (1 << leader)].mean()),
        float(table[:, 1:].mean()),
    )
