"""Which samples a measure may use, and how their inputs are permuted between samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError

FEWEST = 8  # complete samples, of which measures say anything


def complete_samples(samples: Samples, count: int) -> Samples:
    """`count` samples with every modality, spread evenly over the split. Raises DataError for fewer than 8."""
    there = np.flatnonzero(samples.present.all(1).numpy())
    if len(there) < FEWEST:
        raise DataError(f"Fewer than {FEWEST} samples have every input.", "These measures compare complete samples.")
    return samples.at(there[np.linspace(0, len(there) - 1, min(count, len(there))).astype(int)].tolist())


def derangement(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """A permutation without fixed points: a cycle through all in random order."""
    order = generator.permutation(count)
    found = np.empty(count, np.int64)
    found[order] = np.roll(order, 1)
    return found
