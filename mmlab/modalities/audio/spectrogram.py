"""Sounds to mel spectrograms."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from mmlab.core.errors import DataError
from mmlab.core.recordings import Raw, Sound
from mmlab.core.task import PreparedInput
from mmlab.modalities.audio.decode import check_audible
from mmlab.modalities.reading import Floats, reading

RATE, HOP, WINDOW = 8_000, 128, 256
BANDS, FRAMES = 32, 64
LONG_HOP, LONG_FRAMES = 192, 80  # for a sentence rather than a word
HOPS = {FRAMES: HOP, LONG_FRAMES: LONG_HOP}
LOWEST_HERTZ, HIGHEST_HERTZ = 60.0, 3_900.0
FLOOR = 1e-4  # of the loudest cell: what is 40 dB below it counts as silence


def mel_hertz() -> Floats:
    """Centre frequency of each row of the spectrogram, `[32]`, low to high."""
    return _mel_edges()[1:-1].astype(np.float32)


def frame_seconds(frames: int = FRAMES) -> Floats:
    """Time of each column of a spectrogram of so many columns from the start of its window, `[frames]`."""
    return (np.arange(frames, dtype=np.float32) + 0.5) * (HOPS[frames] / RATE)


def _mel_edges() -> NDArray[np.float64]:
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST_HERTZ, HIGHEST_HERTZ))
    return np.asarray(700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1))


@lru_cache(maxsize=1)
def _mel_filters() -> Floats:
    """Triangles on the mel scale, `[WINDOW // 2 + 1, BANDS]`; a band narrower than a bin still takes its bin."""
    edges, bins = _mel_edges(), np.arange(WINDOW // 2 + 1) * (RATE / WINDOW)
    width = np.maximum(np.diff(edges), RATE / WINDOW)
    centre = edges[1:-1]
    rising = (bins[:, None] - centre) / width[:-1] + 1
    falling = (centre - bins[:, None]) / width[1:] + 1
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def mel_energies(wave: Floats, hop: int = HOP) -> Floats:
    """Energy per frame and mel band, `[frames, 32]`, of a wave at 8 kHz."""
    padded = np.pad(wave, (WINDOW // 2, WINDOW // 2 + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::hop]
    spectrum = fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(power @ _mel_filters())


def prepare_sound(sound: Raw, frames: int = FRAMES) -> PreparedInput:
    """A spoken word as a log-mel spectrogram `[1, 32, frames]`, mean 0 and spread 1, the word in the middle.

    Rows are mel bands from low to high, columns steps of 16 ms (24 ms where `frames` is LONG_FRAMES, for a sentence).
    Raises DataError for silence.
    """
    if not isinstance(sound, Sound):
        raise DataError("This is not a sound.", "Use a recording of speech.")
    check_audible(sound)
    hop = HOPS[frames]
    wave, notes = _at_rate(sound)
    notes = [*filter(None, [sound.note]), *notes]
    energy = mel_energies(wave, hop)
    start, found = _find_word(energy, frames)
    if start > 0 or len(energy) > frames + start + 8:
        seconds, taken = len(sound.wave) / sound.rate, round(frames * hop / RATE)
        what = "second" if taken == 1 else f"{taken} seconds"
        notes.append(f"Took the {what} around {found * hop / RATE:.1f} s out of {seconds:.1f} s.")
    columns = np.zeros((frames, BANDS), np.float32)
    first, last = max(start, 0), min(start + frames, len(energy))
    columns[first - start : last - start] = energy[first:last]
    logs = np.log(columns + FLOOR * max(float(columns.max()), 1e-12))
    values = (logs - logs.mean()) / max(float(logs.std()), 1e-3)
    return reading(np.ascontiguousarray(values.T, dtype=np.float32)[None], notes)


def _at_rate(sound: Sound) -> tuple[Floats, list[str]]:
    """The wave at 8 kHz, without offset and at full level, and what was done."""
    notes = []
    wave = sound.wave - sound.wave.mean()
    if sound.rate != RATE:
        ratio = Fraction(RATE, sound.rate).limit_denominator(1000)
        from scipy.signal import resample_poly  # a slow import that most samples never need

        wave = resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)
        notes.append(f"Resampled from {sound.rate:,} to {RATE:,} Hz.")
    peak = float(np.abs(wave).max())
    if peak < 0.05:
        notes.append("It was very quiet: the level was raised.")
    if float((np.abs(sound.wave) > 0.99).mean()) > 0.005:
        notes.append("It was too loud in places and is clipped.")
    return wave / max(peak, 1e-6), notes


def _find_word(energy: Floats, frames: int) -> tuple[int, int]:
    """First frame of the window (may be negative) and the middle of the word in it, in frames.

    The window with most loudness above the noise floor wins; its centre of loudness is then put in the middle.
    """
    loud = np.sqrt(energy.sum(1))
    loud = np.convolve(loud, np.full(3, 1 / 3), "same") if len(loud) > 3 else loud
    above = np.clip(loud - 1.5 * np.percentile(loud, 20), 0, None)
    if not above.any():
        above = loud
    if len(above) > frames:
        sums = np.convolve(above, np.ones(frames), "valid")
        first = int(np.argmax(sums))
        inside = np.zeros_like(above)
        inside[first : first + frames] = above[first : first + frames]
        above = inside
    middle = round(float(above @ np.arange(len(above))) / max(float(above.sum()), 1e-9))
    return middle - frames // 2, middle
