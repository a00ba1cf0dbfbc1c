"""Augmentation of sequences."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.modalities.random_draws import shaken


def vary_sequence(batch: Tensor, generator: torch.Generator) -> Tensor:
    """A little noise on the features of `[B, C + 1, T]`; which steps are there stays as it is."""
    values, there = batch[:, :-1], batch[:, -1:]
    return torch.cat([shaken(values, generator) * there, there], 1)
