"""The conditional utilisation rate: the share of the score that a modality adds to the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count
from mmlab.analysis.base.coalitions import membership
from mmlab.analysis.dominance.derivation import Arithmetic, named
from mmlab.analysis.dominance.measure import MEASURES, TOGETHER, Evidence, Measure, Truth, Undefined
from mmlab.core.phrases import say

LOWEST = -1.0  # below, a difference is measured by a score that nearly vanished


def conditional_utilisation(scores: ArrayLike) -> Numbers:
    """The part of the score that a modality adds to what was there before: `[2**M]` accuracies to `[M, 2**M]`.

    Entry [m, R] is (A(R and m) - A(R)) / A(R and m); NaN where R holds m already or the score with m is 0. This is
    the variant on combinations: the paper turns modalities off *within* a network.
    Source: Wu et al., Characterizing and Overcoming the Greedy Nature of Learning, ICML 2022.
    """
    table = finite(scores, "scores", 1)
    count = modality_count(table, "scores")
    after = table[np.arange(len(table)) | 2 ** np.arange(count)[:, None]]
    defined = ~membership(count).T & (after != 0)
    return np.where(defined, (after - table) / np.where(defined, after, 1), np.nan)


@MEASURES.register("utilisation")
class ConditionalUtilisation(Measure):
    """(with − without) / with, averaged over what was there before."""

    order = 70
    title = "Conditional utilisation rate"
    symbol = "u(m | R)"
    question = "Which share of the score does this input add to the others?"
    about = (
        "(with it − without it) / with it, averaged over all combinations of the others that are not empty. The paper "
        "turns inputs off within the network; here they are absent."
    )
    source = (
        "Wu et al., Characterizing and Overcoming the Greedy Nature of Learning in Multi-modal Deep Neural "
        "Networks, ICML 2022"
    )
    family = TOGETHER
    truths = (
        Truth("unique", (0.5, 0), 0.08, "Left adds 1/2 of the 1 that is reached with right; right adds nothing."),
    )

    def values(self, evidence: Evidence) -> Numbers:
        """Means over the combinations of the others. Raises Undefined where a score falls to less than half."""
        rates = conditional_utilisation(evidence.scores)[:, 1:]
        if np.isnan(rates).all(1).any():
            raise Undefined("There is no second input, or every score is 0.")
        if (rates < LOWEST).any():
            raise Undefined("With an input the score falls to less than half: a share of the rest says nothing.")
        return np.nanmean(rates, axis=1)

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """One line for every combination of others."""
        scores, labels, on = evidence.scores, evidence.labels, 2**modality
        lines = []
        for mask in (mask for mask in range(1, len(scores)) if not mask & on):
            before, after = float(scores[mask]), float(scores[mask | on])
            if after != 0:
                lines.append((named(mask, labels), before, after, (after - before) / after))
        there = say("with {input}", input=labels[modality])
        head = (say("present before"), say("without"), there, say("(with − without) / with"))
        rule = say("The part that it adds, averaged over what was there before")
        return Arithmetic(rule, head, tuple(lines), "mean")
