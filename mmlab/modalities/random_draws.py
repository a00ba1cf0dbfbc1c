"""Random numbers for the augmentation of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SHAKE = 0.05  # standard deviations by which standardised numbers of any meaning can be varied


def even_draw(rows: int, size: float, generator: torch.Generator) -> Tensor:
    """`rows` even draws between -size and size."""
    import torch

    return (torch.rand(rows, generator=generator) * 2 - 1) * size


def shaken(values: Tensor, generator: torch.Generator) -> Tensor:
    """Standardised numbers with a little noise."""
    import torch

    return values + SHAKE * torch.randn(values.shape, generator=generator)
