"""Augmentation of texts."""

from __future__ import annotations

import torch
from torch import Tensor


def vary_text(batch: Tensor, generator: torch.Generator, lost: float = 0.03) -> Tensor:
    """Texts `[B, 2, L]` with a few words lost."""
    kept = torch.rand(batch.shape[0], 1, batch.shape[2], generator=generator) >= lost
    return batch * kept
