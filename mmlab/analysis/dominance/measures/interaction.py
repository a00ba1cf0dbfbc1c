"""The Shapley interaction index of two modalities."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count
from mmlab.analysis.base.coalitions import membership
from mmlab.analysis.dominance.derivation import Arithmetic, named
from mmlab.analysis.dominance.measure import (
    MEASURES,
    TOGETHER,
    Column,
    Evidence,
    Number,
    PairMeasure,
    PairNumbers,
    Truth,
)
from mmlab.core.phrases import say


def interactions(values: ArrayLike) -> Numbers:
    """What two modalities add together beyond each alone: `[2**M, ...]` to `[M, M, ...]`, symmetric, diagonal zero.

    Above zero: synergy; below: they say the same. Raises ValueError as `shapley` does.
    Source: Grabisch & Roubens, An axiomatic approach to the concept of interaction, 1999.
    """
    array = finite(values, "values")
    return np.tensordot(_interaction_weights(modality_count(array)), array, 1)


@lru_cache
def _interaction_weights(count: int) -> Numbers:
    """`[M, M, 2**M]`: the weight of each combination's value in each pair's interaction."""
    present = membership(count)
    table = np.zeros((count, count, 2**count))
    for first in range(count):
        for second in range(count):
            if first != second:
                one, other = present[:, first], present[:, second]
                rest = present.sum(1) - one - other
                weight = [factorial(n) * factorial(count - n - 2) / factorial(count - 1) for n in range(count - 1)]
                table[first, second] = np.where(one == other, 1, -1) * np.array(weight)[rest]
    return table


@MEASURES.register("interaction")
class Interaction(PairMeasure):
    """What both add at once less what each adds."""

    order = 10
    title = "Interaction"
    symbol = "Iₘₙ"
    question = "Do the two carry more together than each alone (synergy), or the same twice (redundancy)?"
    about = (
        "What both add at once less what each adds, averaged over the combinations of the others. Above 0 they need "
        "each other (synergy), below 0 they say the same (redundancy)."
    )
    source = "Grabisch & Roubens, An axiomatic approach to the concept of interaction, 1999"
    family = TOGETHER
    columns = (Column("interaction", "interaction", note="synergy above 0, redundancy below"),)
    truths = (
        Truth("redundant", (-0.5,), 0.1, "The second to join adds nothing: 1 − 1 − 1 + 1/2 = −1/2."),
        Truth("unique", (0,), 0.08, "Nothing is shared and nothing needs the other."),
        Truth("synergy", (0.5,), 0.1, "1 − 1/2 − 1/2 + 1/2 = 1/2."),
    )

    def numbers(self, evidence: Evidence, first: int, second: int) -> PairNumbers:
        """One number."""
        value = float(interactions(evidence.scores)[first, second])
        return PairNumbers((Number(value, _derivation(evidence.scores, first, second, evidence.labels)),))


def _derivation(scores: Numbers, first: int, second: int, labels: Sequence[str]) -> Arithmetic:
    """What two modalities add at once less what each adds, for everything else that can be there."""
    count, one, other = len(labels), 2**first, 2**second
    lines: list[tuple[str | float, ...]] = []
    for mask in (mask for mask in range(len(scores)) if not mask & (one | other)):
        size = mask.bit_count()
        weight = factorial(size) * factorial(count - size - 2) / factorial(count - 1)
        parts = [float(scores[code]) for code in (mask | one | other, mask | one, mask | other, mask)]
        extra = parts[0] - parts[1] - parts[2] + parts[3]
        lines.append((named(mask, labels), *parts, weight, weight * extra))
    product = say("(1 − 2 − 3 + 4) × weight")
    names = (labels[first], labels[second])
    head = (say("present before"), say("both"), *names, say("neither"), say("weight"), product)
    rule = say("Both − the first − the second + neither, weighted as in the Shapley value")
    return Arithmetic(rule, head, tuple(lines), "sum")
