"""Simulated random failures, sample by sample: the reference for the closed form of
`mmlab.analysis.robustness.missing_rate`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Labels, finite
from mmlab.analysis.robustness.per_sample_scores import Measure

MOST = 2_000_000


@dataclass(frozen=True)
class Simulation:
    """The mean score over simulated draws, its standard error, and how many combinations were drawn for it."""

    score: float
    error: float
    draws: int

    def errors_from(self, expected: float) -> float:
        """How many standard errors lie between the simulation and what was expected; an error of 0 counts as 1e-9."""
        return abs(self.score - expected) / max(self.error, 1e-9)


def simulate(measure: Measure, failure: ArrayLike, rounds: int = 400, seed: int = 0) -> Simulation:
    """Let modalities fail by chance, `rounds` times over the test set, and score what is left.

    Every sample gets its own draw; for a score that is no mean over samples the whole set shares one. Draws that leave
    nothing are drawn again. Raises ValueError where that is nearly always so, or a probability is none.
    """
    chances = finite(failure, "failure", 1)
    if chances.min() < 0 or chances.max() > 1:
        raise ValueError("Probabilities of failure must lie between 0 and 1.")
    if chances.prod() > 0.999:
        raise ValueError("Nearly every draw would leave no input.")
    rng = np.random.default_rng(seed)
    rounds = max(2, min(rounds, MOST // measure.samples))
    if measure.per_sample.size:
        found = np.array([measure.mixed(_draw(rng, chances, measure.samples)) for _ in range(rounds)])
        draws = rounds * measure.samples
    else:
        draws = rounds * 10
        found = measure.scores[_draw(rng, chances, draws)]
    return Simulation(float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found))), draws)


def _draw(rng: np.random.Generator, failure: np.ndarray, count: int) -> Labels:
    """Bit masks of what is left, `[count]`, none of them 0."""
    weights = 1 << np.arange(len(failure))
    masks = (rng.random((count, len(failure))) >= failure) @ weights
    while (empty := masks == 0).any():
        masks[empty] = (rng.random((int(empty.sum()), len(failure))) >= failure) @ weights
    return np.asarray(masks, np.int64)
