"""Augmentation of scans."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.modalities.random_draws import even_draw


def vary_scan(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Another scanner for slices `[B, 1, H, W]`, or whole scans, of mean 0 and spread 1 in the head: contrast,
    brightness, noise.

    What is 0 is outside the head and stays 0.
    """
    rows, each = len(batch), (-1, *[1] * (batch.dim() - 1))
    gain, offset = (even_draw(rows, size, generator).view(each) for size in (0.2, 0.2))
    noise = 0.1 * torch.rand(rows, generator=generator).view(each) * torch.randn(batch.shape, generator=generator)
    return torch.where(batch != 0, batch * (1 + gain) + offset + noise, batch)
