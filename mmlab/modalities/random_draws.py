"""Random numbers for the variation of batches."""

from __future__ import annotations

import torch
from torch import Tensor


def even_draw(rows: int, size: float, generator: torch.Generator) -> Tensor:
    """`rows` even draws between -size and size."""
    return (torch.rand(rows, generator=generator) * 2 - 1) * size
