"""Train a controller with Stable-Baselines3 (the extra `rl`) on frozen codes of all inputs.

GMC and M3ixup train DDPG for 150,000 frames; here it is SAC (Haarnoja et al., 2018), which learns the same task from a
tenth of them. Only its actor is kept, as a small network that needs nothing but torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from mmlab.core.environment import Environment, Floats
from mmlab.core.errors import MissingExtra
from mmlab.core.method import Method
from mmlab.core.phrases import phrase
from mmlab.experiments.control import rollouts
from mmlab.experiments.control.policy import Policy
from mmlab.inference.representation import represent

ALGORITHM = phrase("SAC of Stable-Baselines3")
LAYERS = (64, 64)
RATE, BATCH = 1e-3, 128
LOOKED_AT = 64  # episodes of chance, by which codes are standardised
SMALLEST_SPREAD = 1e-6


def train(
    environment: Environment,
    method: Method | None,
    steps: int,
    seed: int,
    on_step: Callable[[int], None] = lambda step: None,
) -> Policy:
    """A policy on the codes that `method` has of all inputs, without one on the state itself. Raises MissingExtra."""
    try:
        import gymnasium
        from stable_baselines3 import SAC
        from stable_baselines3.common.callbacks import BaseCallback
    except ImportError as error:
        raise MissingExtra("Reinforcement learning needs the extra rl.", 'Run: pip install "mmlab[rl]"') from error

    class StepReport(BaseCallback):  # type: ignore[misc, unused-ignore]
        def _on_step(self) -> bool:
            on_step(self.num_timesteps)
            return True

    world, (middle, spread) = _world(gymnasium, environment, method, seed)
    learner = SAC(
        "MlpPolicy",
        world,
        learning_rate=RATE,
        batch_size=BATCH,
        policy_kwargs={"net_arch": list(LAYERS)},
        seed=seed,
        device="cpu",
    )
    learner.learn(steps, callback=StepReport())
    return _as_policy(learner.policy.actor, middle, spread, environment.strongest)


def _world(
    gymnasium: Any, environment: Environment, method: Method | None, seed: int
) -> tuple[Any, tuple[Floats, Floats]]:
    """The environment as Gymnasium wants it, one copy at a time, seen through the method, standardised; and by what."""
    random = np.random.default_rng([seed, 2**21])

    def found(state: Floats) -> Floats:
        if method is None:
            return environment.known(state)
        observed = environment.observe(state, random)
        return represent(method, observed, method.modalities.full).double().numpy()

    wandering = rollouts.play(environment, rollouts.at_random(environment), environment.start(LOOKED_AT, random), seed)
    first = found(wandering.states[:: environment.steps // 8].reshape(-1, wandering.states.shape[2]))
    middle, spread = first.mean(0), np.maximum(first.std(0), SMALLEST_SPREAD)

    def seen(state: Floats) -> Any:
        return ((found(state)[0] - middle) / spread).astype(np.float32)

    class World(gymnasium.Env):  # type: ignore[misc, unused-ignore]
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, middle.shape, np.float32)
        action_space = gymnasium.spaces.Box(-environment.strongest, environment.strongest, (1,), np.float32)

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            super().reset(seed=seed)
            self.state, self.step_number = environment.start(1, random), 0
            return seen(self.state), {}

        def step(self, action: Any) -> Any:
            self.state, reward = environment.act(self.state, np.asarray(action, np.float64).reshape(1))
            self.step_number += 1
            return seen(self.state), float(reward[0]), False, self.step_number >= environment.steps, {}

    return World(), (middle, spread)


def _as_policy(actor: Any, middle: Floats, spread: Floats, strongest: float) -> Policy:
    """The mean action of SAC's actor, whose tanh is scaled to the bounds of an action; it takes codes as they are."""
    policy = Policy((len(middle), *LAYERS), strongest)
    theirs = [layer for layer in (*actor.latent_pi, actor.mu) if isinstance(layer, nn.Linear)]
    ours = [layer for layer in policy.body if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for mine, other in zip(ours, theirs, strict=True):
            mine.weight.copy_(other.weight)
            mine.bias.copy_(other.bias)
        ours[0].weight.div_(torch.from_numpy(spread).float())
        ours[0].bias.sub_(ours[0].weight @ torch.from_numpy(middle).float())
    return policy.eval()
