"""The score of each modality on its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count
from mmlab.analysis.dominance.measure import ALONE, BLIND_TIES, MEASURES, Truth
from mmlab.analysis.dominance.score_terms import ScoreTerms


def stand_alone(scores: ArrayLike) -> Numbers:
    """The score of each modality on its own: `[2**M]` to `[M]`."""
    table = finite(scores, "scores", 1)
    return table[2 ** np.arange(modality_count(table, "scores"))]


@MEASURES.register("alone")
class Alone(ScoreTerms):
    """The score of a modality with all others absent."""

    order = 50
    title = "Alone"
    symbol = "v({m})"
    question = "How good is the model with this input only?"
    about = "The score where everything else is absent."
    source = "Common practice"
    family = ALONE
    truths = (
        Truth("redundant", (1, 1), 0.08, "Either is enough."),
        Truth("unique", (1, 0.5), 0.08, "Left knows the label, right is a coin."),
        Truth("synergy", (0.5, 0.5), 0.08, "Each alone is a coin."),
        Truth("collapsed", (1, 0.5), 0.08, "Right alone is a coin for this model.", BLIND_TIES),
    )

    rule = "The score with this input only"

    def terms(self, full: int, modality: int) -> tuple[tuple[int, int], ...]:
        """The score of one modality."""
        return ((1, 1 << modality),)
