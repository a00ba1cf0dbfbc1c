"""Scenes: a wall and a floor with their textures, and static objects.

A scene is asked for its colours at any places, also beyond the picture, so that the camera can pan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmlab.tasks.generators.actions.figures import Floats, Generator

Shape = tuple[str, float, float, float, float]  # box or disc: its middle, from the foot of the thing, and half its size
THINGS: dict[str, tuple[Shape, ...]] = {  # x outwards, y upwards
    "gym": (
        ("box", 0.0, 0.2, 0.015, 0.2),
        *(("box", 0.0, high, 0.11, 0.012) for high in (0.1, 0.22, 0.34)),
        *(("disc", at, high, 0.028, 0.045) for high in (0.1, 0.22, 0.34) for at in (-0.09, 0.09)),
    ),
    "hall": (("box", 0.06, 0.3, 0.012, 0.3), ("box", 0.04, 0.62, 0.1, 0.075), ("box", -0.02, 0.53, 0.05, 0.012)),
    "rink": (
        ("box", -0.13, 0.11, 0.012, 0.11),
        ("box", 0.13, 0.11, 0.012, 0.11),
        ("box", 0.0, 0.22, 0.142, 0.012),
        *(("box", at, 0.11, 0.004, 0.11) for at in (-0.065, 0.0, 0.065)),
    ),
    "workshop": (
        ("box", 0.0, 0.2, 0.15, 0.025),
        ("box", -0.12, 0.09, 0.015, 0.09),
        ("box", 0.12, 0.09, 0.015, 0.09),
        ("box", 0.05, 0.25, 0.04, 0.035),
    ),
    "meadow": (("box", 0.0, 0.24, 0.008, 0.24), ("box", 0.06, 0.43, 0.06, 0.045)),
    "track": (("box", 0.0, 0.15, 0.13, 0.028), ("box", -0.11, 0.07, 0.01, 0.07), ("box", 0.11, 0.07, 0.01, 0.07)),
    "garden": (
        ("disc", 0.0, 0.12, 0.16, 0.03),
        *(("box", at, 0.05, 0.008, 0.06) for at in (-0.12, 0.0, 0.12)),
    ),
}
COLOURS = {  # of the wall, the floor, the thing, and what is held
    "gym": ((0.55, 0.55, 0.6), (0.35, 0.35, 0.4), (0.2, 0.2, 0.25), (0.2, 0.2, 0.2)),
    "hall": ((0.65, 0.6, 0.5), (0.6, 0.45, 0.3), (0.85, 0.8, 0.75), (0.85, 0.45, 0.15)),
    "rink": ((0.6, 0.65, 0.7), (0.7, 0.75, 0.8), (0.75, 0.2, 0.2), (0.4, 0.3, 0.2)),
    "workshop": ((0.5, 0.5, 0.45), (0.4, 0.35, 0.3), (0.55, 0.4, 0.25), (0.5, 0.5, 0.55)),
    "meadow": ((0.6, 0.7, 0.75), (0.4, 0.55, 0.3), (0.8, 0.25, 0.2), (0.6, 0.6, 0.6)),
    "track": ((0.55, 0.65, 0.6), (0.6, 0.4, 0.3), (0.85, 0.85, 0.85), (0.7, 0.7, 0.3)),
    "garden": ((0.5, 0.6, 0.6), (0.4, 0.5, 0.3), (0.2, 0.25, 0.4), (0.4, 0.3, 0.5)),
}
STRAY = 0.1  # standard deviation of a colour about what is usual for its scene


@dataclass(frozen=True)
class Scene:
    """A place: colours `[4, 3]`, how low the floor begins, where the thing stands, and the waves of its texture.

    waves: `[W, 4]`, of each its frequency along x and y, its phase and its height.
    """

    kind: str
    colours: Floats
    floor: float
    foot: tuple[float, float]
    outwards: float
    size: float
    waves: Floats

    @classmethod
    def drawn(cls, kind: str, rng: Generator) -> Scene:
        """Any place of a kind."""
        usual = np.asarray(COLOURS[kind])
        colours = (usual + STRAY * rng.standard_normal(usual.shape)).clip(0.03, 0.97)
        outwards = rng.choice([-1.0, 1.0])
        floor = rng.uniform(0.55, 0.7)
        foot = 0.5 + outwards * rng.uniform(0.22, 0.36), floor + rng.uniform(0.04, 0.2)
        height = rng.uniform(0.02, 0.06, (6, 1))
        waves = np.hstack([rng.normal(0, 25, (6, 2)), rng.uniform(0, 2 * np.pi, (6, 1)), height])
        return cls(kind, colours, floor, foot, outwards, rng.uniform(0.9, 1.35), waves)

    def seen(self, places: Floats) -> Floats:
        """The colours `[..., 3]` at places `[..., 2]`, in [0, 1] but for the texture."""
        below = places[..., 1] > self.floor
        found = self.colours[below.astype(np.intp)]
        found = found + self._texture(places)[..., None]
        return np.where(self._thing(places)[..., None], self.colours[2], found)

    def _texture(self, places: Floats) -> Floats:
        along, phase, height = self.waves[:, :2], self.waves[:, 2], self.waves[:, 3]
        return np.asarray((np.sin(places @ along.T + phase) * height).sum(-1))

    def _thing(self, places: Floats) -> Floats:
        """Where the thing is."""
        x = (places[..., 0] - self.foot[0]) * self.outwards / self.size
        y = (self.foot[1] - places[..., 1]) / self.size
        there = np.zeros(x.shape, bool)
        for shape, right, up, wide, high in THINGS[self.kind]:
            across, along = np.abs(x - right) / wide, np.abs(y - up) / high
            there |= np.maximum(across, along) < 1 if shape == "box" else np.hypot(across, along) < 1
        return there
