"""Ranks and correlations with ties and constants: equal values share a rank, and a constant correlates with nothing.

Numbers count as equal where they differ by less than rounding does: `TIE` times the largest magnitude among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers

DIGITS = 12  # of the largest magnitude: what differs further behind is rounding
TIE = 10.0**-DIGITS
FEWEST = 3  # two points always lie on a line


def pearson(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's r of two `[N]`; NaN where either is constant or not finite, or there are fewer than three."""
    pair = np.stack([_steps(each) for each in (first, second)])
    if pair.shape[1] < FEWEST or not np.isfinite(pair).all() or (pair.max(1) == pair.min(1)).any():
        return float("nan")
    return float(np.asarray(np.corrcoef(pair))[0, 1])


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """The rank correlation of two `[N]`, ties at their mean rank; NaN where `pearson` is.

    Source: Spearman, The Proof and Measurement of Association between Two Things, 1904.
    """
    from scipy.stats import rankdata  # a second to import, and the start of the app brings this file in

    pair = [_steps(each) for each in (first, second)]
    if not all(np.isfinite(each).all() for each in pair):
        return float("nan")
    return pearson(*(rankdata(each) for each in pair))


def tied_order(values: ArrayLike, tie: float = TIE) -> tuple[tuple[int, ...], ...]:
    """The places of `values` `[N]` from the largest down, those that are equal together.

    >>> tied_order([1, 3, 3])
    ((1, 2), (0,))
    """
    array = np.asarray(values, np.float64)
    order = np.argsort(-array, kind="stable")
    limit = tie * float(np.abs(array).max(initial=0.0))
    groups: list[list[int]] = []
    for place in order.tolist():
        if groups and array[groups[-1][-1]] - array[place] <= limit:
            groups[-1].append(place)
        else:
            groups.append([place])
    return tuple(tuple(sorted(group)) for group in groups)


def _steps(values: ArrayLike) -> Numbers:
    """`values` as shares of the largest magnitude, rounded so that what differs by rounding is equal."""
    array = np.asarray(values, np.float64).ravel()
    scale = float(np.abs(array).max(initial=0.0))
    return np.round(array / scale, DIGITS) if scale > 0 and np.isfinite(scale) else array
