"""Augmentation of images."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from mmlab.modalities.random_draws import even_draw


def vary_picture(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Small turns, slants, changes of size and shifts of pictures `[B, 1, H, W]`."""
    rows = len(batch)
    turn, slant = even_draw(rows, 0.22, generator), even_draw(rows, 0.2, generator)
    wide, high = 1 + even_draw(rows, 0.14, generator), 1 + even_draw(rows, 0.14, generator)
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = turn.cos() * wide, turn.sin() + slant
    matrix[:, 1, 0], matrix[:, 1, 1] = -turn.sin(), turn.cos() * high
    matrix[:, :, 2] = torch.stack([even_draw(rows, 0.12, generator), even_draw(rows, 0.12, generator)], 1)
    grid = functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, align_corners=False)


def move_together(inputs: Mapping[str, Tensor], furthest: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Mirrored and shifted by whole pixels, all pictures `[B, C, H, W]` of a sample alike: they lie on each other."""
    return move(inputs, *drawn_moves(len(next(iter(inputs.values()))), furthest, generator))


def drawn_moves(rows: int, furthest: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Of each sample by how many pixels it is shifted, `[B, 2]`, and -1 where it is mirrored, 1 elsewhere, `[B]`."""
    shift = torch.randint(-furthest, furthest + 1, (rows, 2), generator=generator)
    return shift, torch.randint(0, 2, (rows,), generator=generator) * 2 - 1


def move(inputs: Mapping[str, Tensor], shift: Tensor, mirror: Tensor) -> dict[str, Tensor]:
    """The pictures of each sample shifted and mirrored as `drawn_moves` says."""
    rows, _, height, width = next(iter(inputs.values())).shape
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0] = mirror
    matrix[:, 1, 1] = 1
    matrix[:, :, 2] = shift * 2 / torch.tensor([width, height])
    together = torch.cat(list(inputs.values()), 1)
    grid = functional.affine_grid(matrix, list(together.shape), align_corners=False)
    moved = functional.grid_sample(together, grid, mode="nearest", align_corners=False)
    parts = moved.split([value.shape[1] for value in inputs.values()], 1)
    return {name: part.contiguous() for name, part in zip(inputs, parts, strict=True)}


def vary_brightness(batch: Tensor, gain: float, tint: float, generator: torch.Generator) -> Tensor:
    """Pictures `[B, C, H, W]` in [0, 1], up to `gain` brighter or darker, and each plane by up to `tint` on its own."""
    rows, planes = batch.shape[:2]
    factor = 1 + even_draw(rows, gain, generator).view(-1, 1, 1, 1)
    return (batch * (factor + even_draw(rows * planes, tint, generator).view(rows, planes, 1, 1))).clamp(0, 1)


def vary_depth(batch: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """More noise on what is measured of depth pictures `[B, 1, H, W]`; what is 0 stays 0."""
    spread = noise * torch.rand(len(batch), 1, 1, 1, generator=generator)
    noisy = (batch + spread * torch.randn(batch.shape, generator=generator)).clamp(0, 1)
    return torch.where(batch > 0, noisy, batch)


def vary_face(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Small turns, shifts and changes of size, mirrored or not, lighter or darker: faces `[B, 1, H, W]` in [0, 1]."""
    rows = len(batch)
    turn, size = even_draw(rows, 0.1, generator), 1 + even_draw(rows, 0.08, generator)
    mirror = torch.where(torch.rand(rows, generator=generator) < 0.5, -1.0, 1.0)
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = turn.cos() * size * mirror, turn.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = -turn.sin() * mirror, turn.cos() * size
    matrix[:, :, 2] = even_draw(rows * 2, 0.08, generator).view(rows, 2)
    grid = functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    turned = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    light = torch.rand(rows, 1, 1, 1, generator=generator)
    return (turned * (1.2 - 0.4 * light) + 0.2 * (light - 0.5)).clamp(0, 1)
