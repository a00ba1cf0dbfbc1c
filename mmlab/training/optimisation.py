"""The optimiser of a plan, and its learning rate schedule over a stage of the training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.training_plan import Plan
from mmlab.inference.device import label
from mmlab.inference.memory import fitting

MOMENTUM = 0.9
LONGEST = 20.0  # a gradient is clipped to this length
TINY = 1e-6  # what torch adds to the length that it divides by
FINAL_POWER = 0.9  # of the polynomial decay
SMALLER = "Make it smaller: half of batch_size, or accumulate=2, which takes the same step in two halves."


def optimiser(
    plan: Plan, parameters: Sequence[nn.Parameter], rates: Mapping[nn.Parameter, float] | None = None
) -> torch.optim.Optimizer:
    """The plan's optimiser. Decay acts on all parameters, those of normalisations too.

    rates: by parameter, the multiple of the learning rate where it is not 1 (`scale` of its group).
    """
    made = _optimiser(plan, _groups(parameters, rates or {}))
    for group in made.param_groups:
        group["lr"] = plan.learning_rate * group["scale"]
    return made


def _groups(parameters: Sequence[nn.Parameter], rates: Mapping[nn.Parameter, float]) -> list[dict[str, Any]]:
    by_scale: dict[float, list[nn.Parameter]] = {}
    for parameter in parameters:
        by_scale.setdefault(rates.get(parameter, 1.0), []).append(parameter)
    return [{"params": each, "scale": scale} for scale, each in by_scale.items()]


def _optimiser(plan: Plan, parameters: list[dict[str, Any]]) -> torch.optim.Optimizer:
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.optimiser == "adamw":
        return torch.optim.AdamW(parameters, rate, weight_decay=decay)
    if plan.optimiser == "adam":
        return torch.optim.Adam(parameters, rate, weight_decay=decay)
    return torch.optim.SGD(parameters, rate, MOMENTUM, weight_decay=decay, nesterov=plan.optimiser == "nesterov")


def moved_by(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    """The parameters that an optimiser moves, in the order of its groups."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def length(gradients: Sequence[Tensor]) -> Tensor:
    """The length of several gradients as one vector; on a GPU in one go, which rounds otherwise."""
    if gradients and gradients[0].device.type != "cpu":
        return nn.utils.get_total_norm(gradients)
    return torch.sqrt(sum((each.float().square().sum() for each in gradients), torch.zeros(())))


def lengths(parameters: Mapping[str, Sequence[nn.Parameter]]) -> dict[str, Tensor]:
    """The length of the gradient in each of several groups of parameters."""
    gradients = {name: [parameter.grad for parameter in each] for name, each in parameters.items()}
    return {name: length([one for one in each if one is not None]) for name, each in gradients.items()}


def clip(parameters: Iterable[nn.Parameter]) -> None:
    """Shorten a gradient longer than LONGEST; on a processor one that is not is left alone, and not read again."""
    moved = [parameter for parameter in parameters if parameter.grad is not None]
    whole = nn.utils.get_total_norm([parameter.grad for parameter in moved if parameter.grad is not None])
    if whole.device.type != "cpu" or not float(whole) + TINY <= LONGEST:  # also where it is not a number
        nn.utils.clip_grads_with_norm_(moved, LONGEST, whole)


class Accumulated:
    """The gradients of a step that is computed in parts; with one part, nothing is kept and nothing is changed."""

    def __init__(self, moving: torch.optim.Optimizer, parts: int) -> None:
        self._parameters = moved_by(moving)
        self._parts, self._kept = parts, dict[nn.Parameter, Tensor]()

    def add(self, share: float) -> None:
        """Keep what there is now, of a part that holds such a share of the step's samples."""
        for parameter in self._parameters if self._parts > 1 else ():
            if parameter.grad is not None:
                before = self._kept.get(parameter)
                self._kept[parameter] = parameter.grad * share if before is None else before + parameter.grad * share

    def put(self) -> None:
        """Let the parameters have the gradients of the whole step."""
        for parameter in self._parameters if self._parts > 1 else ():
            parameter.grad = self._kept.pop(parameter, None)


def factor(plan: Plan, share: float) -> float:
    """What the learning rate is multiplied by when this share of a stage, 0 to 1, is over."""
    if plan.schedule == "constant":
        return 1.0
    if plan.schedule == "tenths":
        return 0.1 ** math.floor(share / plan.fall + 1e-9)
    if plan.schedule == "sixths":
        return min(1.0, share / 0.05) * 0.1 ** min(3, math.floor(6 * share + 1e-9))
    if plan.schedule == "polynomial":
        return math.pow(1 - share, FINAL_POWER)
    return _cycle(share)


def _cycle(share: float) -> float:
    """A linear rise over the first tenth, then half a cosine down to nothing."""
    if share < 0.1:
        return 0.1 + 0.9 * share / 0.1
    return 0.5 * (1 + math.cos(math.pi * (share - 0.1) / 0.9))


def fitting_step(samples: int, place: torch.device) -> AbstractContextManager[None]:
    """Around a step of so many samples: where memory runs out it says what makes the step smaller, as MmlabError."""
    return fitting(f"a step of {samples} samples on {label(place)}", SMALLER)
