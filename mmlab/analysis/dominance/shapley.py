"""Modalities as players of a game: exact Shapley values and interactions from a value per combination.

Which value that is (right or not, probability, log probability, a score of a whole set) decides what is shared out,
and so does what stands in for an absent modality: say both next to the numbers.
"""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count
from mmlab.analysis.base.coalitions import membership


def shapley(values: ArrayLike) -> Numbers:
    """What each modality adds, averaged over every order in which they can arrive: `[2**M, ...]` to `[M, ...]`.

    Adds up to complete input less nothing present. Raises ValueError for NaN or another number of rows.
    Source: Shapley, A Value for n-Person Games, 1953.
    """
    array = finite(values, "values")
    return np.tensordot(_shapley_weights(modality_count(array)), array, 1)


def interactions(values: ArrayLike) -> Numbers:
    """What two modalities add together beyond each alone: `[2**M, ...]` to `[M, M, ...]`, symmetric, diagonal zero.

    Above zero: synergy; below: they say the same. Raises ValueError as `shapley` does.
    Source: Grabisch & Roubens, An axiomatic approach to the concept of interaction, 1999.
    """
    array = finite(values, "values")
    return np.tensordot(_interaction_weights(modality_count(array)), array, 1)


@lru_cache
def _shapley_weights(count: int) -> Numbers:
    """`[M, 2**M]`: the weight of each combination's value in each modality's share."""
    present = membership(count)
    others = present.sum(1)[:, None] - present
    weight = np.array([factorial(n) * factorial(count - n - 1) for n in range(count)]) / factorial(count)
    return (np.where(present, 1, -1) * weight[others]).T


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
