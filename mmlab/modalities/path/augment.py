"""Augmentation of pen paths."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.modalities.random_draws import even_draw


def vary_path(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Turns, slants, stretches and a slight shake of paths `[B, 2, n]`."""
    rows = len(batch)
    turn = even_draw(rows, 0.18, generator)
    matrix = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], 1).view(rows, 2, 2)
    matrix = matrix + even_draw(rows * 4, 0.12, generator).view(rows, 2, 2)
    shift = even_draw(rows * 2, 0.06, generator).view(rows, 2, 1)
    return matrix @ batch + shift + 0.03 * torch.randn(batch.shape, generator=generator)
