"""How predictions change when modalities are dropped: flips between combinations, and smallest sufficient sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Flags, Labels, Numbers, modality_count
from mmlab.analysis.base.coalitions import answers_of, masks_by_size, membership, right


def flip_matrix(logits: ArrayLike) -> Numbers:
    """The share of samples whose answer differs between two combinations: `[2**M, N, C]` to `[2**M, 2**M]`.

    Symmetric, diagonal zero. Raises ValueError for NaN or another shape.
    """
    answers = answers_of(logits)
    return np.stack([(answers != row).mean(1) for row in answers])


def negative_flips(logits: ArrayLike, labels: ArrayLike) -> Numbers:
    """Entry [S, T]: the share of samples that are right with S and wrong with T, `[2**M, 2**M]`.

    Source: Yan et al., Positive-Congruent Training, CVPR 2021.
    """
    good = right(logits, labels).astype(np.float64)
    return good @ (1 - good).T / good.shape[1]


def same_as_complete(logits: ArrayLike) -> Flags:
    """Whether each combination answers as complete input does, bool `[2**M, N]`."""
    answers = answers_of(logits)
    return answers == answers[-1]


def sufficient(holds: ArrayLike) -> Flags:
    """Which combinations are enough: it holds for them and for everything that contains them. bool `[2**M, N]`.

    holds: bool `[2**M, N]`, for instance `right` or `same_as_complete`. A combination that is right by luck, and wrong
    again when one more modality arrives, is not enough.
    """
    table = np.array(holds)
    if table.dtype != bool or table.ndim != 2:
        raise ValueError(f"holds must be bool [2**M, N], not {table.dtype} of the shape {table.shape}.")
    for modality in range(modality_count(table, "holds")):
        pairs = table.reshape(-1, 2, 2**modality, table.shape[1])  # without and with the modality: a view
        pairs[:, 0] &= pairs[:, 1]
    return table


def smallest_sufficient(holds: ArrayLike) -> Labels:
    """The mask of each sample's smallest sufficient combination, `[N]`; -1 where not even complete input is enough.

    Among equally small ones the first in the order of `Modalities.subsets`. Nothing present does not count: what is
    answered to nothing is no answer of the model.
    """
    enough = sufficient(holds)
    order = np.array(masks_by_size(modality_count(enough, "holds")))
    ordered = enough[order]
    return np.where(ordered.any(0), order[ordered.argmax(0)], -1)


def sizes_needed(holds: ArrayLike) -> Labels:
    """How many modalities each sample needs, `[N]`: the size of its smallest sufficient combination, -1 for never."""
    smallest = smallest_sufficient(holds)
    sizes = membership(modality_count(np.asarray(holds), "holds")).sum(1)
    return np.where(smallest < 0, -1, sizes[smallest])


def negative_flip_shares(right: ArrayLike) -> Numbers:
    """Entry [S, T]: the share of samples that are right with S and wrong with T, from bool `[2**M, N]`.

    As `mmlab.analysis.negative_flips`, which starts from classes. Source: Yan et al., CVPR 2021.
    """
    good = np.asarray(right).astype(np.float64)
    return good @ (1 - good).T / good.shape[1]


def smallest_sufficient_shares(right: ArrayLike, masks: Sequence[int]) -> list[float]:
    """For which part of the samples each mask is the smallest sufficient one; -1 for those that none suffices."""
    smallest = smallest_sufficient(right)
    return [float((smallest == mask).mean()) for mask in masks]
