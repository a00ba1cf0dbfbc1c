"""The expected score when modalities fail at random: in closed form, from the score of each combination."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count, same_length
from mmlab.analysis.base.coalitions import membership


def expected_score(scores: ArrayLike, failure: ArrayLike) -> float:
    """The score to expect when modality m is missing with probability `failure[m]`, each on its own.

    scores: `[2**M]`; row 0 does not count and may be NaN: that nothing is left is excluded, and the other weights are
    scaled up to sum to 1. Raises ValueError where every modality surely fails, or a probability is none.
    Source: E_p of the multi-modal segmentation robustness benchmark, arXiv 2503.18445.
    """
    table = _scores(scores)
    return float(_weights(np.atleast_1d(_failures(failure))[None], modality_count(table))[0] @ table)


def missing_rate_curve(scores: ArrayLike, rates: ArrayLike) -> Numbers:
    """`expected_score` for one rate that all modalities share, at each of `rates [R]` in [0, 1): `[R]`."""
    table, shared = _scores(scores), _failures(rates)
    if shared.ndim != 1:
        raise ValueError(f"rates must have one dimension, not the shape {shared.shape}.")
    count = modality_count(table)
    return _weights(np.repeat(shared[:, None], count, 1), count) @ table


def rate_curve_of_one(scores: ArrayLike, failure: ArrayLike, place: int, rates: ArrayLike) -> Numbers:
    """`expected_score` with modality `place` missing at each of `rates [R]`, others as `failure [M]` says: `[R]`."""
    table, shared = _scores(scores), _failures(rates)
    chances = np.repeat(_failures(failure)[None], len(shared), 0)
    chances[:, place] = shared
    return _weights(chances, modality_count(table)) @ table


def curve_area(rates: ArrayLike, scores: ArrayLike) -> tuple[float, float]:
    """The area under a missing-rate curve `[R]` (trapezoids), and that area as a part of what a flat curve would have.

    The second, between 0 and 1 for a falling score, says how much of the score at the first rate is kept on average
    over the rates; it is NaN unless the first score is above 0. Raises ValueError unless rates rise.
    Source: the relative robustness of MultiBench, arXiv 2107.07502.
    """
    places, heights = _curve(rates, scores)
    area = float(np.trapezoid(heights, places))
    flat = float(heights[0] * (places[-1] - places[0]))
    return area, area / flat if flat > 0 else float("nan")


def crossings(rates: ArrayLike, first: ArrayLike, second: ArrayLike) -> Numbers:
    """The rates at which the lead passes from one curve to the other, between the points linearly; `[X]`, often empty.

    Curves that meet and part again without a change of lead do not cross. Where they run together for a while, it is
    the place at which they met.
    """
    places, one = _curve(rates, first)
    _, other = _curve(rates, second)
    lead = one - other
    apart = np.flatnonzero(lead)
    changes = np.flatnonzero(np.diff(np.sign(lead[apart])))
    before = apart[changes]
    gap, following = lead[before], lead[before + 1]
    return places[before] + (places[before + 1] - places[before]) * gap / (gap - following)


def _scores(scores: ArrayLike) -> Numbers:
    """`[2**M]` with 0 in row 0, whose weight is 0."""
    table = np.array(scores, np.float64)
    if table.ndim != 1:
        raise ValueError(f"scores must have one dimension, not the shape {table.shape}.")
    modality_count(table, "scores")
    table[0] = 0.0
    return finite(table, "scores")


def _failures(failure: ArrayLike) -> Numbers:
    chances = finite(failure, "failure")
    if chances.min() < 0 or chances.max() > 1:
        raise ValueError("Probabilities of failure must lie between 0 and 1.")
    return chances


def _weights(failure: Numbers, count: int) -> Numbers:
    """How often each combination is what is left: `[R, 2**M]` from `[R, M]`, summing to 1 without the empty one."""
    if failure.shape[1:] != (count,):
        raise ValueError(f"failure must have one entry for each of {count} modalities, not {failure.shape[1:]}.")
    chances = np.where(membership(count), 1 - failure[:, None], failure[:, None]).prod(2)
    chances[:, 0] = 0
    total = chances.sum(1, keepdims=True)
    if (total == 0).any():
        raise ValueError("Every modality surely fails, so no combination is left to score.")
    return chances / total


def _curve(rates: ArrayLike, scores: ArrayLike) -> tuple[Numbers, Numbers]:
    places, heights = finite(rates, "rates", 1), finite(scores, "scores", 1)
    same_length(rates=places, scores=heights)
    if len(places) < 2 or (np.diff(places) <= 0).any():
        raise ValueError("rates must hold at least two numbers, each above the one before.")
    return places, heights
