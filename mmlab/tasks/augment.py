"""Training-time variation of batches by kind of modality, vectorised and a function of a generator's seed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def _spread(rows: int, size: float, generator: torch.Generator) -> Tensor:
    """`rows` even draws between -size and size."""
    return (torch.rand(rows, generator=generator) * 2 - 1) * size


def vary_picture(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Small turns, slants, changes of size and shifts of pictures `[B, 1, H, W]`."""
    rows = len(batch)
    turn, slant = _spread(rows, 0.22, generator), _spread(rows, 0.2, generator)
    wide, high = 1 + _spread(rows, 0.14, generator), 1 + _spread(rows, 0.14, generator)
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = turn.cos() * wide, turn.sin() + slant
    matrix[:, 1, 0], matrix[:, 1, 1] = -turn.sin(), turn.cos() * high
    matrix[:, :, 2] = torch.stack([_spread(rows, 0.12, generator), _spread(rows, 0.12, generator)], 1)
    grid = functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, align_corners=False)


def vary_sound(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Other speakers, speeds and rooms for log-mel spectrograms `[B, 1, bands, frames]` of mean 0 and spread 1.

    Stretches and shifts both axes, tilts the spectrum, raises the noise floor, and hides a few rows and columns.
    """
    rows, _, bands, frames = batch.shape
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = 1 + _spread(rows, 0.2, generator), 1 + _spread(rows, 0.14, generator)
    matrix[:, 0, 2], matrix[:, 1, 2] = _spread(rows, 0.15, generator), _spread(rows, 0.08, generator)
    grid = functional.affine_grid(matrix, [rows, 1, bands, frames], align_corners=False)
    varied = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    pitch = torch.linspace(-1, 1, bands).view(1, 1, bands, 1)
    varied = varied + _spread(rows, 0.5, generator).view(-1, 1, 1, 1) * pitch
    floor = torch.rand(rows, 1, 1, 1, generator=generator) * 1.6 - 1.6
    varied = torch.logaddexp(varied * 3, floor * 3) / 3
    hidden = _stripe(rows, bands, 5, generator).view(rows, 1, bands, 1)
    hidden = hidden | _stripe(rows, frames, 10, generator).view(rows, 1, 1, frames)
    varied = varied.masked_fill(hidden, 0.0)
    centred = varied - varied.mean((1, 2, 3), keepdim=True)
    return centred / centred.std((1, 2, 3), keepdim=True).clamp(min=1e-3)


def _stripe(rows: int, length: int, widest: int, generator: torch.Generator) -> Tensor:
    """One run of up to `widest` hidden places per row, bool `[rows, length]`."""
    width = torch.randint(0, widest + 1, (rows, 1), generator=generator)
    start = torch.randint(0, length, (rows, 1), generator=generator)
    place = torch.arange(length)
    return (place >= start) & (place < start + width)


def vary_path(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Turns, slants, stretches and a slight shake of paths `[B, 2, n]`."""
    rows = len(batch)
    turn = _spread(rows, 0.18, generator)
    matrix = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], 1).view(rows, 2, 2)
    matrix = matrix + _spread(rows * 4, 0.12, generator).view(rows, 2, 2)
    shift = _spread(rows * 2, 0.06, generator).view(rows, 2, 1)
    return matrix @ batch + shift + 0.03 * torch.randn(batch.shape, generator=generator)


VARY = {"image": vary_picture, "sound": vary_sound, "path": vary_path}
