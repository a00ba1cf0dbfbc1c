"""Arbitrary sounds: a log-mel spectrogram of the loudest segment of a fixed length."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw, Sound
from mmlab.modalities.audio.decode import check_audible, read_sound
from mmlab.modalities.audio.spectrogram import FLOOR
from mmlab.modalities.reading import reading

Floats = NDArray[np.float32]
STEP_SECONDS, WINDOW_SECONDS = 0.016, 0.032
LOWEST_HERTZ = 60.0


@dataclass(frozen=True)
class SoundInput(FolderInput):
    """Recordings: WAV, FLAC, OGG or MP3, of any rate; channels are averaged, but where they cancel each other out."""

    rate: int = option(16_000, "Samples a second that the model hears; half of it is the highest pitch", 4_000, 48_000)
    seconds: float = option(1.0, "How much of a recording the model hears: the loudest stretch", 0.2, 8.0)
    bands: int = option(32, "Rows of the spectrogram: pitches from low to high", 16, 96)
    seen_as: ClassVar[str] = "sound"

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, self.bands, round(self.seconds / STEP_SECONDS))

    def read(self, content: bytes, name: str) -> Raw:
        return read_sound(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[1, bands, steps of 16 ms]`, mean 0 and spread 1. A short recording has silence on both sides."""
        if not isinstance(raw, Sound):
            raise not_of("a sound")
        check_audible(raw)
        wave, notes = _at_rate(raw, self.rate)
        notes = [*filter(None, [raw.note]), *notes]
        energy, frames = _energies(wave, self.rate, self.bands), self.shape[2]
        start = _loudest(energy.sum(1), frames)
        if len(energy) > frames + 1:
            middle, length = (start + frames / 2) * STEP_SECONDS, len(raw.wave) / raw.rate
            notes.append(f"Took the {self.seconds:g} s around {middle:.1f} s out of {length:.1f} s.")
        columns = np.zeros((frames, self.bands), np.float32)
        first, last = max(start, 0), min(start + frames, len(energy))
        columns[first - start : last - start] = energy[first:last]
        logs = np.log(columns + FLOOR * max(float(columns.max()), 1e-12))
        values = (logs - logs.mean()) / max(float(logs.std()), 1e-3)
        return reading(np.ascontiguousarray(values.T, dtype=np.float32)[None], notes)


def _at_rate(sound: Sound, rate: int) -> tuple[Floats, list[str]]:
    """The wave at this rate, without offset, and what was done."""
    wave = sound.wave - sound.wave.mean()
    if sound.rate == rate:
        return wave, []
    from scipy.signal import resample_poly  # a slow import that many samples never need

    ratio = Fraction(rate, sound.rate).limit_denominator(1000)
    resampled = resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)
    return resampled, [f"Resampled from {sound.rate:,} to {rate:,} Hz."]


def _energies(wave: Floats, rate: int, bands: int) -> Floats:
    """Energy per step and mel band, `[steps, bands]`."""
    hop, window = round(rate * STEP_SECONDS), round(rate * WINDOW_SECONDS)
    padded = np.pad(wave, (window // 2, window // 2 + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    spectrum = fft.rfft(frames * np.hanning(window).astype(np.float32), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(power @ _filters(rate, window, bands))


@lru_cache(maxsize=8)
def _filters(rate: int, window: int, bands: int) -> Floats:
    """Triangles on the mel scale, `[window // 2 + 1, bands]`; a band narrower than a bin still takes its bin."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST_HERTZ, 0.49 * rate))
    edges = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    bins = np.arange(window // 2 + 1) * (rate / window)
    width = np.maximum(np.diff(edges), rate / window)
    rising = (bins[:, None] - edges[1:-1]) / width[:-1] + 1
    falling = (edges[1:-1] - bins[:, None]) / width[1:] + 1
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def _loudest(loudness: Floats, frames: int) -> int:
    """First step of the loudest stretch; negative for a recording that is shorter, which is put in the middle."""
    if len(loudness) <= frames:
        return (len(loudness) - frames) // 2
    return int(np.argmax(np.convolve(np.sqrt(loudness), np.ones(frames), "valid")))
