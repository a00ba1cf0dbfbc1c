"""The drop in score when one modality is removed from complete input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count
from mmlab.analysis.dominance.measure import BLIND_TIES, MEASURES, TOGETHER, Truth
from mmlab.analysis.dominance.score_terms import ScoreTerms


def leave_one_out(scores: ArrayLike) -> Numbers:
    """What is lost when one modality leaves complete input: `[2**M]` to `[M]`."""
    table = finite(scores, "scores", 1)
    count = modality_count(table, "scores")
    return table[-1] - table[len(table) - 1 - 2 ** np.arange(count)]


@MEASURES.register("dropped")
class LeaveOneOut(ScoreTerms):
    """Everything less everything else."""

    order = 60
    title = "Leave one out"
    symbol = "v(M) − v(M∖{m})"
    question = "What is lost when only this input is missing?"
    about = "The score on everything less the score without this input."
    source = "Common practice"
    family = TOGETHER
    truths = (
        Truth("redundant", (0, 0), 0.08, "Neither is missed, since the other says the same."),
        Truth("unique", (0.5, 0), 0.08, "Without left, only a coin is left."),
        Truth("synergy", (0.5, 0.5), 0.08, "Without either, the other is a coin."),
        Truth("collapsed", (0.5, 0), 0.08, "Without left, nothing is left.", BLIND_TIES),
    )

    rule = "Everything − everything else"

    def terms(self, full: int, modality: int) -> tuple[tuple[int, int], ...]:
        """Everything, less everything else."""
        return ((1, full), (-1, full - (1 << modality)))
