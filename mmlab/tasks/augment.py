"""Training-time variation of batches by kind of modality, vectorised and a function of a generator's seed."""

from __future__ import annotations

from collections.abc import Mapping

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


def move_together(inputs: Mapping[str, Tensor], furthest: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Mirrored and shifted by whole pixels, all pictures `[B, C, H, W]` of a sample alike: they lie on each other."""
    rows, _, height, width = next(iter(inputs.values())).shape
    shift = torch.randint(-furthest, furthest + 1, (rows, 2), generator=generator)
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0] = torch.randint(0, 2, (rows,), generator=generator) * 2 - 1
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
    factor = 1 + _spread(rows, gain, generator).view(-1, 1, 1, 1)
    return (batch * (factor + _spread(rows * planes, tint, generator).view(rows, planes, 1, 1))).clamp(0, 1)


def vary_depth(batch: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """More noise on what is measured of depth pictures `[B, 1, H, W]`; what is 0 stays 0."""
    spread = noise * torch.rand(len(batch), 1, 1, 1, generator=generator)
    noisy = (batch + spread * torch.randn(batch.shape, generator=generator)).clamp(0, 1)
    return torch.where(batch > 0, noisy, batch)


def vary_sound(
    batch: Tensor, generator: torch.Generator, faster: float = 0.2, higher: float = 0.14, shifted: float = 0.08
) -> Tensor:
    """Other speakers, speeds and rooms for log-mel spectrograms `[B, 1, bands, frames]` of mean 0 and spread 1.

    Stretches and shifts both axes, tilts the spectrum, raises the noise floor, and hides a few rows and columns.
    faster, higher, shifted: the most that time and pitch are stretched and that pitch is moved, as shares.
    """
    rows, _, bands, frames = batch.shape
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = 1 + _spread(rows, faster, generator), 1 + _spread(rows, higher, generator)
    matrix[:, 0, 2], matrix[:, 1, 2] = _spread(rows, 0.15, generator), _spread(rows, shifted, generator)
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


def vary_tone(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Other rooms and microphones for a voice whose speed and pitch are what it is about."""
    return vary_sound(batch, generator, faster=0.05, higher=0.03, shifted=0.03)


def vary_face(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Small turns, shifts and changes of size, mirrored or not, lighter or darker: faces `[B, 1, H, W]` in [0, 1]."""
    rows = len(batch)
    turn, size = _spread(rows, 0.1, generator), 1 + _spread(rows, 0.08, generator)
    mirror = torch.where(torch.rand(rows, generator=generator) < 0.5, -1.0, 1.0)
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = turn.cos() * size * mirror, turn.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = -turn.sin() * mirror, turn.cos() * size
    matrix[:, :, 2] = _spread(rows * 2, 0.08, generator).view(rows, 2)
    grid = functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    turned = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    light = torch.rand(rows, 1, 1, 1, generator=generator)
    return (turned * (1.2 - 0.4 * light) + 0.2 * (light - 0.5)).clamp(0, 1)


def vary_text(batch: Tensor, generator: torch.Generator, lost: float = 0.03) -> Tensor:
    """Texts `[B, 2, L]` with a few words lost."""
    kept = torch.rand(batch.shape[0], 1, batch.shape[2], generator=generator) >= lost
    return batch * kept


def vary_scan(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Another scanner for slices `[B, 1, H, W]` of mean 0 and spread 1 in the head: contrast, brightness, noise.

    What is 0 is outside the head and stays 0.
    """
    rows = len(batch)
    gain, offset = (_spread(rows, size, generator).view(-1, 1, 1, 1) for size in (0.2, 0.2))
    noise = 0.1 * torch.rand(rows, 1, 1, 1, generator=generator) * torch.randn(batch.shape, generator=generator)
    return torch.where(batch != 0, batch * (1 + gain) + offset + noise, batch)


def vary_series(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Shifts and stretches in time, other strengths and a little noise for series `[B, C, T]` of spread near 1."""
    rows, _, steps = batch.shape
    centre = torch.linspace(-1, 1, steps) * (1 + _spread(rows, 0.15, generator)).view(-1, 1)
    place = (centre + _spread(rows, 0.1, generator).view(-1, 1)).view(rows, 1, steps, 1)
    grid = torch.cat([place, torch.zeros_like(place)], -1)
    moved = functional.grid_sample(batch[:, :, None], grid, padding_mode="border", align_corners=True)[:, :, 0]
    gain = 1 + _spread(rows, 0.15, generator).view(-1, 1, 1)
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


VARY = {"image": vary_picture, "sound": vary_sound, "path": vary_path, "series": vary_series}
