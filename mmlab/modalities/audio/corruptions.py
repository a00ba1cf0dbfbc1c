"""Corruptions of sounds: a waveform `[T]` in [-1, 1]."""

from __future__ import annotations

import numpy as np

from mmlab.core.corruption_types import Act, Corruption, Floats
from mmlab.core.recordings import Sound


def _hiss(wave: Floats, decibel: float, rng: np.random.Generator) -> Floats:
    noise = rng.normal(0, 1, len(wave))
    return wave + noise * _loudness(wave) * 10 ** (-decibel / 20)


def _clipped(wave: Floats, share: float, rng: np.random.Generator) -> Floats:
    limit = max(float(np.abs(wave).max()) * share, 1e-6)
    return np.clip(wave, -limit, limit)


def _muffled(wave: Floats, hertz_share: float, rng: np.random.Generator) -> Floats:
    """Without delay, forwards and backwards."""
    from scipy import signal  # a slow import that only this corruption needs

    filter_ = signal.butter(2, hertz_share, output="sos")
    return np.asarray(signal.sosfiltfilt(filter_, wave, padlen=0))


def _gapped(wave: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Holes of a fiftieth of the recording each, spread over it."""
    pieces = 50
    keep = np.ones(pieces)
    keep[rng.permutation(pieces)[: round(share * pieces)]] = 0
    return wave * keep[np.arange(len(wave)) * pieces // max(len(wave), 1)]


def _loudness(wave: Floats) -> float:
    """Root mean square of the loudest tenth, so that silence around a word does not count."""
    squares = np.sort(np.square(wave))
    return float(np.sqrt(squares[-max(1, len(squares) // 10) :].mean()))


TABLE: dict[str, Corruption] = {
    "noise": Corruption("Background noise", "signal over noise, dB", (20.0, 12.0, 5.0, 0.0, -5.0), _hiss),
    "clipping": Corruption("Clipping", "share of the peak that passes", (0.5, 0.25, 0.12, 0.05, 0.02), _clipped),
    "muffling": Corruption("Low-pass filter", "cut-off over half the rate", (0.5, 0.35, 0.22, 0.14, 0.08), _muffled),
    "dropouts": Corruption("Dropouts", "share of the recording that is missing", (0.1, 0.2, 0.35, 0.5, 0.65), _gapped),
}


def apply(raw: Sound, act: Act, strength: float, rng: np.random.Generator) -> Sound:
    """The sound after `act`, no louder than it can be."""
    wave = act(raw.wave.astype(np.float64), strength, rng)
    loud = max(1.0, float(np.abs(wave).max(initial=0.0)))
    return Sound((wave / loud).astype(np.float32), raw.rate, raw.note)
