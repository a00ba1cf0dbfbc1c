"""The items of the task `digits`: a digit with its image, sound and pen path, as sensors recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Raw, Strokes
from mmlab.core.task import Split
from mmlab.modalities.path.decode import draw_strokes
from mmlab.tasks.generators.digits import real_recordings, sensor_noise, synthetic_voices
from mmlab.tasks.generators.digits.pen_strokes import write_digit

Floats = NDArray[np.float32]
Origin = Literal["built-in", "real"]
SEED = 20
SIZES: dict[Split, int] = {"train": 5_000, "valid": 500, "test": 1_200}
DRAWN = 0.2  # of the built-in training pictures are drawn from strokes, as a mouse or a finger would
SKLEARN_ROWS: dict[Split, tuple[int, int]] = {"train": (0, 1100), "valid": (1100, 1300), "test": (1300, 1797)}
CODES = {"train": 0, "valid": 1, "test": 2, "built-in": 0, "real": 1}


@dataclass(frozen=True)
class Item:
    """One sample as recorded. `speaker` says who or what spoke; `levels` how bad each recording is, 0 to 1."""

    id: str
    digit: int
    raw: Mapping[str, Raw]
    speaker: str
    levels: tuple[float, float, float]


class Makers(Protocol):
    """The clean recordings of one origin and split."""

    def ink(self, digit: int, turn: int, rng: np.random.Generator) -> Floats:
        """A picture, ink 1 on 0. `turn` counts the items of this digit."""

    def wave(self, digit: int, turn: int, rng: np.random.Generator) -> tuple[Floats, str]:
        """A spoken digit at 8 kHz, and who speaks."""

    def path(self, digit: int, turn: int, rng: np.random.Generator) -> Strokes:
        """Pen strokes in 0..100."""


class Deck:
    """Rows by digit, shuffled once, dealt in turn, so that each is used about equally often."""

    def __init__(self, digits: NDArray[np.int64], seed: int) -> None:
        rng = np.random.default_rng([SEED, seed])
        self._rows = [rng.permutation(np.flatnonzero(digits == digit)) for digit in range(10)]

    def deal(self, digit: int, turn: int) -> int:
        """The row of the `turn`-th item of `digit`."""
        rows = self._rows[digit]
        return int(rows[turn % len(rows)])


class BuiltIn:
    """scikit-learn's pictures, the shipped bank of synthetic voices, our stroke generator."""

    def __init__(self, split: Split) -> None:
        from sklearn.datasets import load_digits  # half a second, and only needed to build a split

        first, last = SKLEARN_ROWS[split]
        found = load_digits()
        self._training = split == "train"
        self._pictures = found.images[first:last].astype(np.float32) / 16
        self._clips = synthetic_voices.clips(split)
        self._inks = Deck(found.target[first:last], 0)
        self._waves = Deck(np.array([clip.digit for clip in self._clips]), 1)

    def ink(self, digit: int, turn: int, rng: np.random.Generator) -> Floats:
        if self._training and rng.random() < DRAWN:
            drawn = draw_strokes(write_digit(digit, rng), 40, rng.uniform(0.04, 0.14))
            return drawn.pixels.astype(np.float32) / np.float32(255)
        return self._pictures[self._inks.deal(digit, turn)]

    def wave(self, digit: int, turn: int, rng: np.random.Generator) -> tuple[Floats, str]:
        clip = self._clips[self._waves.deal(digit, turn)]
        return clip.wave, clip.voice

    def path(self, digit: int, turn: int, rng: np.random.Generator) -> Strokes:
        return write_digit(digit, rng)


class Recorded:
    """MNIST, FSDD and pendigits from a folder; `held_out` is the speaker of the test split."""

    def __init__(self, split: Split, folder: Path, held_out: str) -> None:
        self._pictures, inks = real_recordings.pictures(folder, split)
        self._sounds, spoken, self._speakers = real_recordings.voices(folder, split, held_out)
        self._paths, drawn = real_recordings.paths(folder, split)
        self._inks, self._waves, self._drawn = Deck(inks, 2), Deck(spoken, 3), Deck(drawn, 4)

    def ink(self, digit: int, turn: int, rng: np.random.Generator) -> Floats:
        return self._pictures[self._inks.deal(digit, turn)].astype(np.float32) / np.float32(255)

    def wave(self, digit: int, turn: int, rng: np.random.Generator) -> tuple[Floats, str]:
        row = self._waves.deal(digit, turn)
        return self._sounds[row], self._speakers[row]

    def path(self, digit: int, turn: int, rng: np.random.Generator) -> Strokes:
        return Strokes((self._paths[self._drawn.deal(digit, turn)],))


class Recorder:
    """Item `index` of a split of one origin, always the same. Labels are balanced and shuffled."""

    def __init__(self, split: Split, origin: Origin, makers: Makers, noise: sensor_noise.Noise) -> None:
        self.split, self.origin, self._makers, self._noise = split, origin, makers, noise
        self._code = (SEED, CODES[split], CODES[origin])
        count = SIZES[split]
        self.digits = np.random.default_rng(self._code).permutation(np.arange(count) % 10)
        self._turns = np.zeros(count, np.int64)
        for digit in range(10):
            rows = np.flatnonzero(self.digits == digit)
            self._turns[rows] = np.arange(len(rows))

    def __len__(self) -> int:
        return len(self.digits)

    def item(self, index: int) -> Item:
        """One sample as recorded."""
        digit, turn, training = int(self.digits[index]), int(self._turns[index]), self.split == "train"
        # one generator per modality: a change of one leaves the others as they are
        first, second, third = (np.random.default_rng((*self._code, index, place)) for place in range(3))
        levels = tuple(self._noise.level(rng, training) for rng in (first, second, third))
        wave, speaker = self._makers.wave(digit, turn, second)
        wave = other_speed(wave, second) if training else wave
        raw: dict[str, Raw] = {
            "image": sensor_noise.photograph(self._makers.ink(digit, turn, first), levels[0], self._noise, first),
            "sound": sensor_noise.record(wave, levels[1], self._noise, second),
            "pen": sensor_noise.trace(self._makers.path(digit, turn, third), levels[2], self._noise, third),
        }
        return Item(item_id(self.origin, self.split, index), digit, raw, speaker, (levels[0], levels[1], levels[2]))


def item_id(origin: Origin, split: Split, index: int) -> str:
    """`test-0007` for what is built in, `real-test-0007` for people's recordings."""
    return f"{split}-{index:04d}" if origin == "built-in" else f"real-{split}-{index:04d}"


def other_speed(wave: Floats, rng: np.random.Generator) -> Floats:
    """The wave played up to a quarter faster or slower, which shifts pitch and formants: more speakers to hear."""
    steps = int(rng.integers(16, 26))
    if steps == 20:
        return wave
    from scipy.signal import resample_poly  # a slow import that only building a split needs

    return np.asarray(resample_poly(wave, 20, steps, window=_low_pass(20, steps)), dtype=np.float32)


@lru_cache(maxsize=16)
def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    """The filter that `resample_poly` would design again for every wave."""
    wider = max(up, down)
    from scipy.signal import firwin

    return np.asarray(firwin(20 * wider + 1, 1 / wider, window=("kaiser", 5.0)))
