"""Episodes: a model's representation of the available inputs, a controller's actions, and their return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmlab.core.environment import Environment, Floats
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.experiments.control.policy import Policy
from mmlab.inference.representation import represent

Act = Callable[[Floats, np.random.Generator], Floats]  # from states to actions, through whatever is seen of them


@dataclass(frozen=True)
class Episode:
    """States `[T + 1, N, S]`, actions and rewards `[T, N]`."""

    states: Floats
    actions: Floats
    rewards: Floats

    @property
    def returns(self) -> Floats:
        """The sum of the rewards of each episode `[N]`."""
        return np.asarray(self.rewards.sum(0))


def by_codes(environment: Environment, method: Method, combination: Combination, policy: Policy) -> Act:
    """To act on what a model makes of a combination of inputs."""

    def act(state: Floats, random: np.random.Generator) -> Floats:
        return _numbers(policy, represent(method, environment.observe(state, random), combination))

    return act


def by_state(environment: Environment, policy: Policy) -> Act:
    """To act on the state itself: the upper line."""

    def act(state: Floats, random: np.random.Generator) -> Floats:
        return _numbers(policy, torch.from_numpy(environment.known(state)).float())

    return act


def at_random(environment: Environment) -> Act:
    """To act by chance: the lower line."""
    bound = environment.strongest
    return lambda state, random: random.uniform(-bound, bound, len(state))


def _numbers(policy: Policy, seen: Tensor) -> Floats:
    with torch.no_grad():
        return np.asarray(policy(seen).double().numpy())


def play(environment: Environment, act: Act, state: Floats, seed: int, steps: range | None = None) -> Episode:
    """An episode from states `[N, S]`, or so many of its steps.

    The noise of what is seen at a step depends on the seed and the step alone, so that two ways to act meet the same.
    """
    states, actions, rewards = [state], [], []
    for step in range(environment.steps) if steps is None else steps:
        action = act(state, np.random.default_rng([seed, step]))
        state, reward = environment.act(state, action)
        states.append(state)
        actions.append(action)
        rewards.append(reward)
    return Episode(np.stack(states), np.stack(actions), np.stack(rewards))


def starts(environment: Environment, count: int, seed: int) -> Floats:
    """The same beginnings for everybody."""
    return environment.start(count, np.random.default_rng([seed, 2**20]))
