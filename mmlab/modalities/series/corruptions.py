"""Corruptions of sensor recordings: values `[T, C]`, rows at even time steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.core.corruption_types import Act, Corruption, Floats
from mmlab.core.recordings import Series

PACKETS = 10  # that what counts is sent in: rows are lost together


def _noisy(values: Floats, decibel: float, rng: np.random.Generator) -> Floats:
    return values + rng.normal(0, _movement(values) * 10 ** (-decibel / 20), values.shape)


def _lost(values: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Packets do not arrive; the last value that did is held."""
    number = np.arange(len(values)) * PACKETS // max(len(values), 1)
    lost = np.isin(number, 1 + rng.permutation(PACKETS - 1)[: max(1, round(share * PACKETS))])
    held = np.maximum.accumulate(np.where(lost, 0, np.arange(len(values))))
    return np.asarray(values[held])


def _clipped(values: Floats, share: float, rng: np.random.Generator) -> Floats:
    limit = share * float(np.abs(values).max(initial=0.0))
    return np.clip(values, -limit, limit)


def _drifting(values: Floats, size: float, rng: np.random.Generator) -> Floats:
    """An offset that grows from nothing over the recording, in any direction."""
    direction = rng.normal(size=values.shape[1])
    direction /= max(float(np.linalg.norm(direction)), 1e-9)
    return values + np.linspace(0, 1, len(values))[:, None] * direction * size * _movement(values)


def _turned(values: Floats, degrees: float, rng: np.random.Generator) -> Floats:
    """The axes turned in a plane of any direction."""
    columns = values.shape[1]
    if columns < 2:
        return values * np.cos(np.radians(degrees))
    first, second = np.linalg.qr(rng.normal(size=(columns, 2)))[0].T
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    along, across = values @ first, values @ second
    return np.asarray(
        values
        + np.outer(along * (cosine - 1) - across * sine, first)
        + np.outer(along * sine + across * (cosine - 1), second)
    )


def _movement(values: Floats) -> float:
    """How far the values stray from their means, root mean square over all columns together."""
    return float(np.sqrt(values.var(axis=0).sum()))


TABLE: dict[str, Corruption] = {
    "noise": Corruption("Sensor noise", "movement over noise, dB", (20.0, 12.0, 6.0, 0.0, -6.0), _noisy),
    "dropouts": Corruption("Packet loss", "share of the recording that is lost", (0.1, 0.2, 0.3, 0.5, 0.7), _lost),
    "clipping": Corruption(
        "Saturation",
        "largest value that passes, over the largest there is",
        (0.7, 0.5, 0.35, 0.2, 0.1),
        _clipped,
    ),
    "drift": Corruption(
        "Drift", "offset at the end over the size of the movement", (0.3, 0.7, 1.5, 3.0, 6.0), _drifting
    ),
    "turned": Corruption("Sensor rotated", "angle in degrees", (10.0, 25.0, 45.0, 80.0, 130.0), _turned),
}


def apply(raw: Series, act: Act, strength: float, rng: np.random.Generator) -> Series:
    """The recording with the part that counts after `act`; the same where that is empty."""
    first, last = (round(second * raw.rate) for second in raw.part) if raw.part else (0, len(raw.values))
    values = raw.values.astype(np.float64)
    if not values[first:last].size:
        return raw
    values[first:last] = act(values[first:last], strength, rng)
    return replace(raw, values=values.astype(raw.values.dtype))
