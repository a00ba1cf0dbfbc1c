"""Augmentation of series."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mmlab.modalities.random_draws import even_draw


def vary_series(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Shifts and stretches in time, other strengths and a little noise for series `[B, C, T]` of spread near 1."""
    rows, _, steps = batch.shape
    centre = torch.linspace(-1, 1, steps) * (1 + even_draw(rows, 0.15, generator)).view(-1, 1)
    place = (centre + even_draw(rows, 0.1, generator).view(-1, 1)).view(rows, 1, steps, 1)
    grid = torch.cat([place, torch.zeros_like(place)], -1)
    moved = functional.grid_sample(batch[:, :, None], grid, padding_mode="border", align_corners=True)[:, :, 0]
    gain = 1 + even_draw(rows, 0.15, generator).view(-1, 1, 1)
    return moved * gain + 0.03 * torch.randn(moved.shape, generator=generator)


def turn_axes(batch: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Every triple of columns of `[B, 3 k, T]` turned alike, about any axis, by angles of this standard deviation."""
    rows = len(batch)
    axis = torch.randn(rows, 3, generator=generator) * (degrees * torch.pi / 180)
    zero = torch.zeros(rows)
    x, y, z = axis.unbind(1)
    matrix = torch.linalg.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).view(rows, 3, 3))
    triples = batch.view(rows, -1, 3, batch.shape[-1])
    return (matrix[:, None] @ triples).view(batch.shape)
