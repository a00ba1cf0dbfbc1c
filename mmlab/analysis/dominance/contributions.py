"""Properties of the contributions of all modalities together: how even they are, and the type of a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.analysis.base.array_checks import finite

ORDERS = ("moved", "one-sided", "opposed", "given")  # of samples
SAMPLE_KINDS = ("none", "dominance", "complement", "conflict")
DOMINANT = 0.75  # of all that moves the answer, from here on one modality dominates
OPPOSED = 0.1  # the smaller side must reach this, or the opposition is no more than noise
STILL = 1e-6  # of the unit of answers: below this nothing moves one


def jain_index(contributions: ArrayLike) -> float:
    """How evenly contributions `[M]` are spread: 1 for all alike, 1/M for one that does everything.

    Raises ValueError for negative ones, which the index cannot read. Source: Jain et al., DEC-TR-301, 1984.
    """
    shares = finite(contributions, "contributions", 1)
    if shares.min() < 0:
        raise ValueError("Jain's index is defined for contributions that are not negative.")
    squares = float((shares**2).sum())
    return 1.0 if squares == 0 else float(shares.sum()) ** 2 / (len(shares) * squares)


def sample_kinds(contributions: ArrayLike, unit: float = 1.0) -> NDArray[np.int8]:
    """How the modalities of each sample work together, from contributions `[M, N]` to indices of `SAMPLE_KINDS`, `[N]`.

    none: nothing moves the answer; dominance: one modality makes 75 % or more of all that moves it; conflict: both
    directions make 10 % or more; complement: all else. `unit` is what a step of the answers is (`Output.scale`). The
    words are M2Lens's, the thresholds ours.
    Source: Wang et al., M2Lens, IEEE VIS 2021.
    """
    shares = finite(contributions, "contributions", 2)
    total = np.abs(shares).sum(0)
    safe = np.maximum(total, STILL * unit)
    smaller = np.minimum(shares.clip(min=0).sum(0), -shares.clip(max=0).sum(0))
    tests = (total < STILL * unit, np.abs(shares).max(0) >= DOMINANT * safe, smaller >= OPPOSED * safe)
    names = ("none", "dominance", "conflict")
    found = np.select(tests, [SAMPLE_KINDS.index(name) for name in names], SAMPLE_KINDS.index("complement"))
    return found.astype(np.int8)


def order_of_samples(contributions: ArrayLike, by: str) -> NDArray[np.int64]:
    """The samples of contributions `[M, N]` in an order of `ORDERS`, as rows `[N]`.

    moved: those that are moved most come first; one-sided: those where one modality makes most of all that moves the
    answer; opposed: those that a modality speaks against most; given: as they are. Raises ValueError for another.
    """
    if by not in ORDERS:
        raise ValueError(f"There is no order '{by}'.")
    shares = finite(contributions, "contributions", 2)
    total = np.abs(shares).sum(0)
    keys = {
        "moved": -total,
        "one-sided": -np.abs(shares).max(0) / np.where(total > 0, total, 1.0),
        "opposed": shares.min(0),
        "given": np.arange(shares.shape[1]),
    }
    return np.argsort(keys[by], kind="stable")
