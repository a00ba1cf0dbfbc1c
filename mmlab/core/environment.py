"""A task with an environment to act in: a controller observes it through the task's own inputs."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.task import Task

Floats = NDArray[np.float64]


class Environment(Protocol):
    """Many copies of an environment at once, each a row of a state `[N, S]`. Stateless between calls.

    steps: how long an episode is. seconds: of one step. strongest: the bound of an action, which is one number.
    reward_words: what a reward of 0 and a low one mean, as a sentence.
    """

    steps: int
    seconds: float
    strongest: float
    reward_words: str

    def start(self, count: int, random: np.random.Generator) -> Floats:
        """States `[count, S]` at the beginning of an episode."""

    def act(self, state: Floats, action: Floats) -> tuple[Floats, Floats]:
        """The states after actions `[N]`, and the reward of each step `[N]`."""

    def observe(self, state: Floats, random: np.random.Generator) -> dict[str, Tensor]:
        """Observations of the states by the inputs: preprocessed, `[N, *shape]` by modality."""

    def known(self, state: Floats) -> Floats:
        """The full observation of the states `[N, K]`, as for a controller with perfect sensors."""

    def pose(self, state: Floats) -> Floats:
        """What a film shows of the states `[N]`: an angle in radians, 0 upright, anticlockwise."""


@runtime_checkable
class CanBeActedIn(Protocol):
    """A task with an environment."""

    def environment(self) -> Environment:
        """The environment that the task's samples were recorded in."""


def environment_of(task: Task) -> Environment | None:
    """The environment of a task; None if it has none."""
    return task.environment() if isinstance(task, CanBeActedIn) else None
