"""The task's environment: swing the pendulum up and keep it there (Pendulum-v1), observed like its samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.phrases import phrase
from mmlab.tasks.generators.pendulum import dynamics, senses
from mmlab.tasks.generators.pendulum.dynamics import Floats


class SwingUp:
    """States `[N, 2]`: angle and speed. An action is a torque in newton metres.

    prepare: from pictures `[N, H, W]` and sounds `[N, 6]` as recorded to the models' inputs by modality.
    """

    steps = 200
    seconds = dynamics.STEP
    strongest = dynamics.STRONGEST
    reward_words = phrase(
        "A step is worth 0 standing still upright and about −10 hanging down; an episode has 200 steps."
    )

    def __init__(self, prepare: Callable[[NDArray[np.uint8], Floats], dict[str, NDArray[np.float32]]]) -> None:
        self._prepare = prepare

    def start(self, count: int, random: np.random.Generator) -> Floats:
        """Anywhere, hardly moving, as in Pendulum-v1."""
        return np.stack([random.uniform(-np.pi, np.pi, count), random.uniform(-1.0, 1.0, count)], 1)

    def act(self, state: Floats, action: Floats) -> tuple[Floats, Floats]:
        """As Pendulum-v1: what a step is worth is told by where it began."""
        angle, speed = state.T
        worth = dynamics.reward(angle, speed, action)
        return np.stack(dynamics.swing(angle, speed, action), 1), worth

    def observe(self, state: Floats, random: np.random.Generator) -> dict[str, Tensor]:
        """A picture and a sound of each, without noise, as in GMC's environment: `random` has nothing to decide."""
        angle, speed = state.T
        recorded = self._prepare(senses.seen(angle), senses.heard(angle, speed))
        return {name: torch.from_numpy(value) for name, value in recorded.items()}

    def known(self, state: Floats) -> Floats:
        """Place of the tip and speed, in eighths of the fastest."""
        angle, speed = state.T
        return np.concatenate([dynamics.place(angle), speed[:, None] / dynamics.FASTEST], 1)

    def pose(self, state: Floats) -> Floats:
        """The angle."""
        return np.asarray(state[:, 0])
