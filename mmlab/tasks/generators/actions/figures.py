"""Articulated figures, seen from the front: a trunk, a head, two arms and two legs of two segments each, and a held
object. Every part is a capsule, all points within a radius of a line.

Coordinates: x to the right, y downwards, one unit is the side of a picture. Angles are from straight down, positive
to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Generator = np.random.Generator
ARMS = "left arm", "left forearm", "right arm", "right forearm"
JOINTS = "trunk", *ARMS, "left thigh", "left shank", "right thigh", "right shank"
READY = np.radians([180.0, -50, -105, 50, 105, -16, -4, 16, 4])  # the pose about which all poses lie
LOOSE = np.radians([6.0, 22, 30, 22, 30, 9, 9, 9, 9])  # standard deviations about it
HELD = (0.05, 0.1), (0.015, 0.03)  # length and radius of what a hand holds, the same whatever it is


@dataclass(frozen=True)
class Person:
    """Lengths and radii of the parts, as shares of the height, and the colours `[4, 3]` of skin, shirt, legs, held."""

    height: float
    stout: float
    arms: float
    colours: Floats
    held: tuple[float, float]

    @classmethod
    def drawn(cls, rng: Generator, held: Floats) -> Person:
        """Anybody, with something of the colour `held` in one hand."""
        skin = np.array([0.85, 0.62, 0.48]) * rng.uniform(0.45, 1.1)
        colours = np.stack([skin, rng.uniform(0.05, 0.95, 3), rng.uniform(0.05, 0.7, 3), held])
        size = rng.uniform(*HELD[0]), rng.uniform(*HELD[1])
        return cls(rng.uniform(0.58, 0.74), rng.uniform(0.85, 1.2), rng.uniform(0.9, 1.1), colours.clip(0, 1), size)


@dataclass(frozen=True)
class Pose:
    """Where the hip is, and the angle of each of `JOINTS`."""

    hip: Floats
    angles: Floats

    @classmethod
    def drawn(cls, rng: Generator) -> Pose:
        """A pose that any of the motions passes through."""
        hip = np.array([0.5 + rng.uniform(-0.1, 0.1), 0.52 + rng.uniform(-0.03, 0.03)])
        return cls(hip, READY + LOOSE * rng.standard_normal(len(READY)))

    def moved(self, by: Floats, turned: Floats) -> Pose:
        """The pose after the hip went `by` and the joints `turned`."""
        return Pose(self.hip + by, self.angles + turned)


@dataclass(frozen=True)
class Capsules:
    """Parts from back to front: `ends` `[P, 2, 2]` (which end, x and y), `radii` `[P]`, `colours` `[P, 3]`."""

    ends: Floats
    radii: Floats
    colours: Floats


def capsules(person: Person, pose: Pose) -> Capsules:
    """The parts of somebody in a pose."""
    angle = dict(zip(JOINTS, pose.angles, strict=True))
    tall = person.height
    neck = pose.hip + 0.3 * tall * _along(angle["trunk"])
    across = np.array([1.0, 0.0])
    parts = []
    for side, name in ((-1, "left"), (1, "right")):
        hip = pose.hip + side * 0.06 * tall * across
        knee = hip + 0.25 * tall * _along(angle[f"{name} thigh"])
        foot = knee + 0.25 * tall * _along(angle[f"{name} shank"])
        parts += [(knee, foot, 0.042, 2), (hip, knee, 0.055, 2)]
    parts.append((pose.hip, neck, 0.1, 1))
    head = neck + 0.14 * tall * _along(angle["trunk"])
    parts.append((head, head + 0.02 * tall * _along(angle["trunk"]), 0.08, 0))
    for side, name in ((-1, "left"), (1, "right")):
        shoulder = neck + side * 0.11 * tall * across
        elbow = shoulder + 0.19 * tall * person.arms * _along(angle[f"{name} arm"])
        hand = elbow + 0.19 * tall * person.arms * _along(angle[f"{name} forearm"])
        parts += [(shoulder, elbow, 0.042, 1), (elbow, hand, 0.036, 0)]
    end = hand + person.held[0] * _along(angle["right forearm"])
    radii = [radius * tall * person.stout for *_, radius, _ in parts]
    return Capsules(
        np.array([*((first, last) for first, last, *_ in parts), (hand, end)]),
        np.array([*radii, person.held[1]]),
        person.colours[[*(which for *_, which in parts), 3]],
    )


def _along(angle: float) -> Floats:
    return np.array([np.sin(angle), np.cos(angle)])
