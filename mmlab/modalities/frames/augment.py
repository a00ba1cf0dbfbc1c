"""Augmentation of clips."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.modalities.image.augment import vary_picture


def vary_clip(batch: Tensor, generator: torch.Generator) -> Tensor:
    """That of pictures, alike on all frames `[B, C, T, H, W]` of a clip: what moves keeps its direction."""
    return vary_picture(batch.flatten(1, 2), generator).view(batch.shape)
