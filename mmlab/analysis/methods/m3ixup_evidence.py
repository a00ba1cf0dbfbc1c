"""The evidence of M3ixup's paper, from a model and its sweep: mixing coefficients and the modality gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from mmlab.analysis.methods.method_evidence import complete, tensor, unit
from mmlab.core.errors import Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import Modalities
from mmlab.core.results import Floats, Sweep
from mmlab.losses.m3ixup import adapt_and_explore, mixed_view, mixed_view_loss


@dataclass(frozen=True)
class Mixing:
    """Mixing coefficients `[N, M]` at the start, after adapting and exploring; losses there (docs/methods.md 2.5)."""

    names: tuple[str, ...]
    start: Floats
    adapted: Floats
    explored: Floats
    losses: tuple[float, float, float]


def mixing(method: Method, found: Sweep, count: int = 128, seed: int = 0) -> Mixing:
    """The two steps again on one batch of the sweep, as in training but for the batch."""
    settings: Any = method.config
    if getattr(settings, "update", "") != "coefficients":
        raise Unsupported("This model moves no mixing coefficients.", "M3ixup with `update=coefficients` does.")
    names = method.modalities.names
    chosen = complete(found, count)
    joint = nn.functional.normalize(tensor(found.mean[-1][chosen]), dim=1)
    singles = [nn.functional.normalize(tensor(found.mean[found.index(name)][chosen]), dim=1) for name in names]
    codes = torch.stack(singles, 1)
    omega = 0.1 * torch.randn(codes.shape[:2], generator=torch.Generator().manual_seed(seed))
    view, start = mixed_view(codes, omega)
    first = float(mixed_view_loss(view, start, joint, codes, settings.temperature))
    moved = adapt_and_explore(joint, codes, settings.temperature, omega, settings.steps, settings.rho, settings.eta)
    losses = (first, float(moved.adapt_loss), float(moved.explore_loss))
    return Mixing(names, start.numpy(), moved.adapted.numpy(), moved.explored.numpy(), losses)


@dataclass(frozen=True)
class Gap:
    """Cosine of each modality's code with the joint code of the same sample and of others, `[M, N]` each.

    distance `[M]`: between the centres of the modality's codes and of the joint ones.
    Source: docs/methods.md 2.5.
    """

    names: tuple[str, ...]
    own: Floats
    other: Floats
    distance: Floats


def modality_gap(found: Sweep, modalities: Modalities) -> Gap:
    """How close the code of a single modality is to the code of all of them."""
    chosen = complete(found)
    joint = unit(found.mean[-1][chosen].astype(np.float64))
    codes = np.stack([unit(found.mean[found.index(name)][chosen].astype(np.float64)) for name in modalities.names])
    apart = np.linalg.norm(codes.mean(1) - joint.mean(0), axis=1)
    shifted = np.roll(joint, max(1, len(joint) // 2), axis=0)
    return Gap(modalities.names, (codes * joint).sum(2), (codes * shifted).sum(2), apart)
