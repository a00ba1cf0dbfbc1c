"""Which inputs are dropped in a step: drawn on the CPU, where a seed gives the same bits everywhere, or on the training
GPU, without synchronisation and with its own bits.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mmlab.losses.common import sample_present
from mmlab.training.variation import mixed_seed

Drop = Callable[[Tensor], Tensor]


def drop(place: torch.device, generator: torch.Generator, seed: int) -> Drop:
    """From what a batch has to what is left of it, bool `[B, M]` both.

    generator: on the processor, which draws unless `place` is a GPU; what a GPU draws is a function of `seed`.
    """
    if place.type == "cuda":
        own = generator_at(place, seed)
        return lambda present: sample_present(len(present), present.shape[1], own, present, checked=False)
    return lambda present: sample_present(len(present), present.shape[1], generator, present.cpu()).to(present.device)


def of_one(seed: int, epoch: int, rank: int) -> torch.Generator:
    """For one of several processes, which may draw more often than another."""
    return torch.Generator().manual_seed(mixed_seed(seed, epoch, 1, rank + 1))


def generator_at(place: torch.device, seed: int) -> torch.Generator:
    """Random numbers of a device."""
    return torch.Generator(place).manual_seed(seed)
