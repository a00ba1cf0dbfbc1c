"""An interactive episode: the available inputs may change at any step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmlab.core.environment import Environment, Floats
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.experiments.control import rollouts
from mmlab.experiments.control.policy import Policy

AHEAD = 240  # steps that are worked out at a time
LONGEST = 2400
UPRIGHT = 0.9  # cosine of the angle within which a pendulum counts as upright


@dataclass(frozen=True)
class Film:
    """States `[T + 1, S]`, rewards `[T]`, and the combination of inputs of each step (keys, T of them)."""

    seed: int
    states: Floats
    rewards: Floats
    inputs: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def worth(self) -> list[float]:
        """The sum of the rewards before each state, `[T + 1]`."""
        return [0.0, *np.cumsum(self.rewards).tolist()]


def begun(environment: Environment, seed: int) -> Film:
    """Nothing has happened yet."""
    state = rollouts.starts(environment, 1, seed)
    return Film(seed, state, np.zeros(0), ())


def continued(film: Film, environment: Environment, method: Method, policy: Policy, on: Combination, at: int) -> Film:
    """The film up to step `at`, and from there on with the inputs `on`; the same noise at the same step, always."""
    at = max(0, min(at, len(film)))
    steps = range(at, min(at + AHEAD, LONGEST))
    if not steps:
        return replace(film, states=film.states[: at + 1], rewards=film.rewards[:at], inputs=film.inputs[:at])
    act = rollouts.by_codes(environment, method, on, policy)
    ahead = rollouts.play(environment, act, film.states[at][None], film.seed, steps)
    return replace(
        film,
        states=np.concatenate([film.states[:at], ahead.states[:, 0]]),
        rewards=np.concatenate([film.rewards[:at], ahead.rewards[:, 0]]),
        inputs=film.inputs[:at] + (on.key,) * len(steps),
    )


def share_upright(film: Film, environment: Environment, start: int) -> float:
    """The share of the moments from step `start` on in which the pendulum is upright."""
    return float(np.mean(np.cos(environment.pose(film.states)[start:]) > UPRIGHT))
