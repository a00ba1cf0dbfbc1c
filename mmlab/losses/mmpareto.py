"""Formulas of MMPareto (Wei & Hu, ICML 2024): one direction for an encoder that serves two losses."""

from __future__ import annotations

import torch
from torch import Tensor


def pareto_weights(together: Tensor, alone: Tensor) -> Tensor:
    """The weights, `[2]` with sum 1, of an encoder's gradient of the joint loss and of its own loss, `[P]` each.

    A half each where they agree; where they conflict, those of the shortest vector between them, which descends both.
    Source: MMPareto Eq. 6 and 7; the released solver of two vectors, exact, with its bounds .001 and .999.
    """
    if torch.nn.functional.cosine_similarity(together, alone, dim=0) > 0:
        return torch.tensor([0.5, 0.5], dtype=together.dtype, device=together.device)
    first, both, second = together @ together, together @ alone, alone @ alone
    if both >= first:
        weight = first.new_tensor(0.999)
    elif both >= second:
        weight = first.new_tensor(0.001)
    else:
        weight = (second - both) / (first + second - 2 * both)
    return torch.stack((weight, 1 - weight))


def rescaled(together: Tensor, alone: Tensor, weights: Tensor, gamma: float) -> Tensor:
    """The merged gradient of one encoder parameter: both by twice their weights, never shorter than their sum.

    The length that a conflict takes away is given back, and gamma adds to it: longer steps with their noise are what
    the paper finds to generalise. Source: MMPareto Eq. 10 and 11; by parameter, as in the released code.
    """
    mixed = 2 * weights[0] * together + 2 * weights[1] * alone
    length = torch.linalg.vector_norm(mixed)
    wanted = torch.linalg.vector_norm(together + alone)
    longer = torch.where(length > 0, wanted / length.clamp_min(torch.finfo(length.dtype).tiny), torch.ones_like(length))
    return gamma * longer.clamp_min(1) * mixed
