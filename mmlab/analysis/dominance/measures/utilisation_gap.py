"""The utilisation gap of two modalities: which of them adds more to the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.measure import MEASURES, TOGETHER, Column, Evidence, Number, PairMeasure, PairNumbers
from mmlab.analysis.dominance.measures.utilisation import conditional_utilisation
from mmlab.core.phrases import say


def utilisation_gap(scores: ArrayLike) -> Numbers:
    """How much more one modality adds to a second than the second to it, `[M, M]`; opposite signs across the diagonal.

    Far from 0: the pair leans on one of its two. Source: d of Wu et al., ICML 2022, for each pair.
    """
    rates = conditional_utilisation(scores)
    pairs = rates[:, 2 ** np.arange(len(rates))]
    np.fill_diagonal(pairs, 0)
    return pairs - pairs.T


@MEASURES.register("utilisation_gap")
class UtilisationGap(PairMeasure):
    """What the first adds to the second, less the other way round."""

    order = 20
    title = "Utilisation gap"
    symbol = "d(m, n)"
    question = "Which of the two adds more to the other?"
    about = (
        "The part of the score that the first adds to the second, less the part that the second adds to the first. "
        "Far from 0: the pair relies on one of them; above 0 on the first."
    )
    source = "Wu et al., ICML 2022"
    family = TOGETHER
    columns = (Column("utilisation_gap", "utilisation gap", note="above 0: on the first"),)

    def numbers(self, evidence: Evidence, first: int, second: int) -> PairNumbers:
        """The utilisation gap of two modalities."""
        scores, labels, one, other = evidence.scores, evidence.labels, 2**first, 2**second
        both = float(scores[one | other])
        sides = ((labels[first], labels[second], other, 1), (labels[second], labels[first], one, -1))
        lines = [
            (
                say("{one} added to {other}", one=a, other=b),
                float(scores[code]),
                both,
                sign * ((both - float(scores[code])) / both if both else 0),
            )
            for a, b, code, sign in sides
        ]
        head = (say("what is added"), say("without"), say("with"), say("± (with − without) / with"))
        rule = say("The part that the first adds − the part that the second adds")
        value = float(utilisation_gap(scores)[first, second])
        return PairNumbers((Number(value, Arithmetic(rule, head, tuple(lines), "sum")),))
