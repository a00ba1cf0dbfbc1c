"""The items of the task `opinion`: one opinion, written, spoken and shown on a face, each a noisy observation of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmlab.core.recordings import Raw, Text
from mmlab.core.task import Split
from mmlab.tasks.generators.digits.sensor_noise import Noise, record
from mmlab.tasks.generators.opinion import drawn_faces, tone_of_voice
from mmlab.tasks.generators.opinion.noise_model import HIGH, draw
from mmlab.tasks.generators.opinion.sentences import write_sentence

SEED = 40
SIZES: dict[Split, int] = {"train": 4_000, "valid": 500, "test": 1_000}
CODES = {"train": 0, "valid": 1, "test": 2}
ROOM = Noise(sound_best=40.0, sound_worst=22.0)
UNEVEN = 0.06  # how much brows and eyes differ from what the mouth does
GRAIN = 0.03


@dataclass(frozen=True)
class Item:
    """One sample as recorded. `shown` by modality: the level, -3 to 3, that each witness shows the opinion at."""

    id: str
    opinion: float
    shown: Mapping[str, float]
    raw: Mapping[str, Raw]
    voice: str


class Recorder:
    """Item `index` of a split, always the same."""

    def __init__(self, split: Split) -> None:
        self.split = split
        self._code = (SEED, CODES[split])
        self.opinions, self._shown = draw(SIZES[split], np.random.default_rng(self._code))

    def __len__(self) -> int:
        return len(self.opinions)

    def shown(self, index: int) -> dict[str, float]:
        """The level that each witness shows the opinion of an item at."""
        return {name: float(levels[index]) for name, levels in self._shown.items()}

    def sentence(self, index: int) -> str:
        """What is written in one sample."""
        return write_sentence(self.shown(index)["text"], self.split, self._rng(index, 0)).text

    def item(self, index: int) -> Item:
        """One sample as recorded."""
        second, third = self._rng(index, 1), self._rng(index, 2)
        shown = self.shown(index)
        voices = tone_of_voice.tones(self.split)[shown["voice"]]
        voice = voices[int(second.integers(len(voices)))]
        raw: dict[str, Raw] = {
            "text": Text(self.sentence(index)),
            "voice": record(voice.wave, second.random(), ROOM, second),
            "face": self._face(shown["face"] / HIGH, third),
        }
        return Item(f"{self.split}-{index:04d}", float(self.opinions[index]), shown, raw, voice.voice)

    def _rng(self, index: int, place: int) -> np.random.Generator:
        """One per modality: a change of one leaves the others as they are."""
        return np.random.default_rng((*self._code, index, place))

    def _face(self, mood: float, rng: np.random.Generator) -> Raw:
        who = drawn_faces.identity(int(rng.integers(*drawn_faces.IDENTITIES[self.split])))
        brows, eyes = np.clip(mood + rng.normal(0, UNEVEN, 2), -1, 1)
        what = drawn_faces.Expression(mood, float(brows), float(eyes))
        side = drawn_faces.SIDE
        return drawn_faces.draw(who, what, drawn_faces.pose(rng), rng.normal(0, GRAIN * rng.random(), (side, side)))
