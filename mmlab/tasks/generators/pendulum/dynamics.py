"""The dynamics of a pendulum: Gymnasium's Pendulum-v1 (Towers et al., 2024), for many pendulums at once.

An angle is 0 where the pendulum stands upright, in radians, counted anticlockwise; a speed is in radians a second. On
the screen the tip is at `(-sin(angle), cos(angle))`: rightwards, upwards, in lengths of the pendulum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GRAVITY, MASS, LENGTH = 10.0, 1.0, 1.0
STEP = 0.05  # seconds
FASTEST = 8.0  # radians a second
STRONGEST = 2.0  # newton metres of torque


def swing(angle: Floats, speed: Floats, torque: Floats | float) -> tuple[Floats, Floats]:
    """The angles and speeds `[N]` one step later, under a torque `[N]`, which is held within its bounds."""
    push = np.clip(torque, -STRONGEST, STRONGEST)
    gained = 3 * GRAVITY / (2 * LENGTH) * np.sin(angle) + 3 / (MASS * LENGTH**2) * push
    speed = np.clip(speed + gained * STEP, -FASTEST, FASTEST)
    return angle + speed * STEP, speed


def place(angle: Floats) -> Floats:
    """Where the tip is `[N, 2]`: rightwards and upwards of the axle."""
    return np.stack([-np.sin(angle), np.cos(angle)], -1)


def velocity(angle: Floats, speed: Floats) -> Floats:
    """How fast the tip moves `[N, 2]`, in lengths a second."""
    return np.stack([-np.cos(angle), -np.sin(angle)], -1) * (LENGTH * speed)[..., None]


def reward(angle: Floats, speed: Floats, torque: Floats | float) -> Floats:
    """What a step is worth `[N]`: 0 for standing still upright, down to about -16 for hanging (Pendulum-v1)."""
    upright = (angle + np.pi) % (2 * np.pi) - np.pi
    push = np.clip(torque, -STRONGEST, STRONGEST)
    return -(upright**2 + 0.1 * speed**2 + 0.001 * np.square(push))


def later(angle: Floats, speed: Floats, steps: int) -> Floats:
    """The angles `[N]` after so many steps in which nobody pushes."""
    for _ in range(steps):
        angle, speed = swing(angle, speed, 0.0)
    return angle
