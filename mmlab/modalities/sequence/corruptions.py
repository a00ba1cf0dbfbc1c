"""Corruptions of sequences of features; absent steps are not touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.core.corruption_types import Corruption
from mmlab.core.recordings import FeatureSequence


def _noisy(raw: FeatureSequence, size: float, rng: np.random.Generator) -> FeatureSequence:
    """Each feature by its own spread over the steps; a feature that stands still stays as it is."""
    spread = raw.values[raw.there].std(0) if raw.there.any() else np.zeros(raw.values.shape[1])
    noise = rng.normal(0, 1, raw.values.shape) * spread * size
    return replace(raw, values=np.where(raw.there[:, None], raw.values + noise, raw.values).astype(np.float32))


def _dropped(raw: FeatureSequence, share: float, rng: np.random.Generator) -> FeatureSequence:
    """Steps are lost, and known to be; one stays at least."""
    places = rng.permutation(np.flatnonzero(raw.there))
    lost = places[: min(max(1, round(share * len(places))), len(places) - 1)] if len(places) > 1 else places[:0]
    there, values = raw.there.copy(), raw.values.copy()
    there[lost], values[lost] = False, 0
    return replace(raw, values=values, there=there)


def _shuffled(raw: FeatureSequence, share: float, rng: np.random.Generator) -> FeatureSequence:
    """So many steps change places, each to one that was not its own."""
    places = rng.permutation(np.flatnonzero(raw.there))
    moved = places[: max(2, round(share * len(places)))]
    values = raw.values.copy()
    values[moved] = raw.values[np.roll(moved, 1)]
    return replace(raw, values=values)


TABLE: dict[str, Corruption] = {
    "noise": Corruption("Noise", "spread of the noise over that of each feature", (0.25, 0.5, 1.0, 2.0, 4.0), _noisy),
    "dropped": Corruption("Dropped steps", "share of steps that are not there", (0.1, 0.25, 0.4, 0.6, 0.8), _dropped),
    "shuffled": Corruption("Shuffled", "share of steps that change places", (0.25, 0.4, 0.6, 0.8, 1.0), _shuffled),
}
