"""The known structure of the task `opinion`: one latent opinion, three noisy observations of it, and the optimal
predictions.

The opinion is even in [-3, 3]. What a modality shows is the opinion plus normal noise, rounded to the levels that it
can show. From that follows, by summing over all levels, how well anybody could answer from each combination.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
LOW, HIGH = -3.0, 3.0
CELLS = 240  # of the opinion's range, in the sums


@dataclass(frozen=True)
class Witness:
    """How far a modality is off (`noise`, standard deviation) and the distance between the levels that it shows."""

    noise: float
    step: float

    @property
    def levels(self) -> Floats:
        """The levels from -3 to 3."""
        places: Floats = np.arange(round((HIGH - LOW) / self.step) + 1, dtype=np.float64)
        return _exact(places * self.step + LOW)

    def show(self, opinions: Floats, rng: np.random.Generator) -> Floats:
        """The level that each opinion is shown at."""
        seen = opinions + rng.normal(0, self.noise, opinions.shape)
        return _exact(np.round(seen / self.step) * self.step)

    def likelihood(self, opinions: Floats) -> Floats:
        """How likely each level is under each opinion: `[levels, opinions]`, columns sum to 1."""
        levels = self.levels
        edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
        return np.diff(ndtr((edges[:, None] - opinions) / self.noise), axis=0)


def _exact(levels: Floats) -> Floats:
    """Inside of the range, and equal for equal levels, however they were reckoned."""
    return np.asarray(np.round(np.clip(levels, LOW, HIGH), 6), np.float64)


WITNESSES = {"text": Witness(0.8, 0.1), "voice": Witness(1.5, 0.5), "face": Witness(2.5, 0.25)}


@dataclass(frozen=True)
class Best:
    """How well the best possible answer does: mean absolute error, share of the variance, correlation, right signs."""

    mae: float
    r2: float
    r: float
    sign_accuracy: float


def draw(count: int, rng: np.random.Generator) -> tuple[Floats, dict[str, Floats]]:
    """`count` opinions, and the levels that each witness shows them at."""
    opinions = np.round(rng.uniform(LOW, HIGH, count), 3)
    return opinions, {name: witness.show(opinions, rng) for name, witness in WITNESSES.items()}


@lru_cache(maxsize=1)
def best_answers() -> dict[str, Best]:
    """By key (`text-voice`; empty: nothing shown): the best score that any model can reach. Exact but for CELLS.

    The posterior's median is best for the absolute error, its mean for the variance, its larger side for the sign.
    """
    subsets = [names for size in range(len(WITNESSES) + 1) for names in combinations(WITNESSES, size)]
    return {"-".join(names): _best(names) for names in subsets}


def _best(names: Sequence[str]) -> Best:
    opinions = (np.arange(CELLS) + 0.5) / CELLS * (HIGH - LOW) + LOW
    joint = np.full((1, CELLS), 1 / CELLS)  # of what is shown and the opinion
    for name in names:
        likely = WITNESSES[name].likelihood(opinions)
        joint = (joint[:, None] * likely).reshape(-1, CELLS)
    shown = joint.sum(1)
    mean = joint @ opinions / np.maximum(shown, 1e-300)
    median = opinions[(joint.cumsum(1) >= shown[:, None] / 2).argmax(1)]
    variance = float((opinions**2).mean())
    share = float(shown @ mean**2) / variance
    positive = joint[:, opinions > 0].sum(1)
    return Best(
        mae=float((joint * np.abs(opinions - median[:, None])).sum()),
        r2=share,
        r=float(np.sqrt(share)),
        sign_accuracy=float(np.maximum(positive, shown - positive).sum()),
    )
