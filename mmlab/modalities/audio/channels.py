"""Several channels to one: their mean, or the loudest if they cancel each other out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

BANDS, LOWEST_HERTZ = 24, 50.0  # from there to half the rate, at equal ratios
CANCELLED = 0.5  # of what the loudest channel alone would bring to the mean: a band with less is lost in the mean
SHARE = 0.1  # of the energy of the loudest channel: with more in lost bands, the mean is not taken
Floats = NDArray[np.floating]


def to_mono(wave: Floats, rate: int) -> tuple[NDArray[np.float64], str]:
    """One wave `[T]` of `[T, C]`, and a sentence where it is not the mean.

    Channels out of phase, as of a balanced line or a microphone with one wire swapped, cancel in the mean, wholly or
    but for what they share, such as a hum. So the mean is looked at band by band.
    """
    mean = wave.mean(axis=1, dtype=np.float64)
    if wave.shape[1] == 1 or (wave == wave[:, :1]).all():
        return mean, ""
    edges = np.geomspace(LOWEST_HERTZ, rate / 2, BANDS)
    of_mean = _energies(mean, rate, edges)
    of_channels = np.stack([_energies(wave[:, channel], rate, edges) for channel in range(wave.shape[1])])
    loudest = int(of_channels.sum(1).argmax())
    lost = of_mean * wave.shape[1] ** 2 < CANCELLED * of_channels.max(0)
    if of_channels[loudest, lost].sum() <= SHARE * of_channels[loudest].sum():
        return mean, ""
    note = f"The channels cancel each other out: the loudest was taken, channel {loudest + 1} of {wave.shape[1]}."
    return wave[:, loudest].astype(np.float64), note


def _energies(wave: Floats, rate: int, edges: Floats) -> Floats:
    """Energy of a wave `[T]` per band, without its offset: below the first of `edges` and between each two."""
    size = fft.next_fast_len(len(wave), real=True)
    power = np.square(np.abs(fft.rfft(wave - wave.mean(dtype=np.float64), size)))
    bands = np.searchsorted(edges, np.arange(len(power)) * rate / size, "right")
    return np.asarray(np.bincount(bands, power, len(edges) + 1), np.float64)
