"""Formulas of OGM-GE (Peng et al., CVPR 2022): which gradients are damped, and by how much."""

from __future__ import annotations

import torch
from torch import Tensor


def discrepancy_ratios(scores: Tensor) -> Tensor:
    """The discrepancy ratio of each of M modalities: its confidence in the right class over that of the others, `[M]`.

    scores: each modality's own probability of the right class, summed over a batch. With more than two modalities the
    ratios to each of the others are averaged, as the authors advise.
    Source: OGM-GE Eq. 8; the average: GeWu-Lab/OGM-GE_CVPR2022, issue 16.
    """
    safe = scores.clamp_min(torch.finfo(scores.dtype).tiny)
    ratios = safe[:, None] / safe[None, :]
    others = ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return (ratios * others).sum(1) / max(len(scores) - 1, 1)


def modulation(ratios: Tensor, alpha: float) -> Tensor:
    """The factor of each modality's gradient: 1 - tanh(alpha * ratio) where the ratio is above 1, else 1.

    `[M]` to `[M]`. Source: OGM-GE Eq. 10.
    """
    return torch.where(ratios > 1, 1 - torch.tanh(alpha * ratios), torch.ones_like(ratios))


def enhanced(gradient: Tensor, coefficient: Tensor | float, noise: Tensor | None) -> Tensor:
    """The gradient of one parameter, modulated, after Gaussian noise of its own standard deviation was added.

    noise: standard normal, of the gradient's shape; None leaves it out (OGM). Source: OGM-GE Eq. 12, released code.
    """
    held = gradient * coefficient
    return held if noise is None else held + noise * (gradient.std() + 1e-8)
