"""The samples of the task `pendulum`: time steps of episodes with random pushes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Picture, Raw, Vector
from mmlab.core.task import Split
from mmlab.tasks.generators.pendulum import senses
from mmlab.tasks.generators.pendulum.dynamics import STEP, STRONGEST, Floats, later, swing

EPISODES = {"train": 1000, "valid": 100, "test": 120}
MOMENTS = 10  # of each episode, half a second apart
APART = 10  # steps between two moments
HELD = 5  # steps for which a push lasts
AHEAD = 5  # steps: a quarter of a second
SECONDS_AHEAD = AHEAD * STEP
_SEEDS = {"train": 1, "valid": 2, "test": 3}


@dataclass(frozen=True)
class Moments:
    """Moments in order, episode by episode: `angle`, `speed`, `ahead` (where the tip will be, rightwards) `[N]`."""

    ids: tuple[str, ...]
    episodes: tuple[str, ...]
    angle: Floats
    speed: Floats
    ahead: Floats
    pictures: NDArray[np.uint8]
    sounds: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def raw(self, row: int) -> dict[str, Raw]:
        """What was recorded at one moment."""
        return {"image": Picture(self.pictures[row]), "sound": Vector(self.sounds[row], senses.NAMES)}

    def state(self) -> Floats:
        """What there is to know of a moment `[N, 3]`: rightwards and upwards place of the tip, and the speed."""
        return np.stack([-np.sin(self.angle), np.cos(self.angle), self.speed], 1)


@lru_cache(maxsize=3)
def moments(split: Split) -> Moments:
    """The moments of a split; the same every time."""
    random = np.random.default_rng(_SEEDS[split])
    count = EPISODES[split]
    angle, speed = random.uniform(-np.pi, np.pi, count), random.uniform(-6.0, 6.0, count)
    found: list[tuple[Floats, Floats]] = []
    push: Floats = np.zeros(count)
    for step in range(MOMENTS * APART):
        if step % HELD == 0:
            push = random.uniform(-STRONGEST, STRONGEST, count)
        angle, speed = swing(angle, speed, push)
        if step % APART == APART - 1:
            found.append((angle, speed))
    angles, speeds = (np.stack(each, 1).reshape(-1) for each in zip(*found, strict=True))
    names = [f"{split}-{episode:03d}" for episode in range(count)]
    return Moments(
        tuple(f"{name}-{moment}" for name in names for moment in range(MOMENTS)),
        tuple(f"episode {name}" for name in names for _ in range(MOMENTS)),
        angles,
        speeds,
        -np.sin(later(angles, speeds, AHEAD)),
        senses.seen(angles, random),
        senses.heard(angles, speeds, random),
    )


def about() -> dict[str, Any]:
    """Sizes and noise, for a card."""
    return {
        "sizes": {split: count * MOMENTS for split, count in EPISODES.items()},
        "episodes": dict(EPISODES),
        "noise": {
            "picture": senses.PICTURE_NOISE,
            "pitch (Hz)": senses.PITCH_NOISE,
            "loudness (logarithm)": senses.LOUDNESS_NOISE,
        },
    }
