"""Tokens of a vocabulary as stored by inputs of kind text: two integers below WORD_IDS, like words.

Half precision holds both exactly, and 0 stays the place where there is nothing. Two tokens may share one of the
numbers and never both, so that whatever adds up what it knows of each number can tell them apart.

>>> numbers_of([0, 5, 2047]), [token_of(*pair) for pair in numbers_of([0, 5, 2047])]
([(1, 1), (6, 6), (2, 1)], [0, 5, 2047])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

BASE = 2047  # numbers from 1 on that stay below WORD_IDS (`mmlab.core.modality`)
MOST_TOKENS = BASE * BASE
Whole = TypeVar("Whole", int, "Tensor")


def numbers_of(tokens: Sequence[int]) -> list[tuple[int, int]]:
    """The two numbers of each token."""
    return [(1 + (token // BASE + token) % BASE, 1 + token % BASE) for token in tokens]


def token_of(first: Whole, second: Whole) -> Whole:
    """The token of two numbers, or of tensors of whole numbers; of zeros some token, which is none."""
    low = second - 1
    return (first - 1 - low) % BASE * BASE + low
