"""Layers by the rank of their input: vectors (0), feature maps of images (2), feature maps of whole scans (3).

Maps of scans are normalised in groups of channels, sample by sample: a step holds a few windows only, too few for the
statistics of a batch, and a window is then answered alike whatever lies beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

GROUPS = 4  # of channels that are normalised together
MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def convolution(rank: int, inputs: int, outputs: int, size: int, stride: int = 1, bias: bool = False) -> nn.Module:
    """A convolution over pictures or scans that keeps their size, but for its stride."""
    kind = nn.Conv3d if rank == 3 else nn.Conv2d
    return kind(inputs, outputs, size, stride, size // 2, bias=bias)


def pointwise(rank: int, inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    """A linear layer on vectors, a convolution of one place on maps."""
    return convolution(rank, inputs, outputs, 1, bias=bias) if rank else nn.Linear(inputs, outputs, bias=bias)


def norm(rank: int, size: int) -> nn.Module:
    """Normalisation by the statistics of a batch; of scans, in groups of channels."""
    if rank == 3:
        return nn.GroupNorm(math.gcd(GROUPS, size), size)
    return nn.BatchNorm2d(size) if rank else nn.BatchNorm1d(size)


def block(rank: int, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    """Convolution, normalisation and ReLU on maps `[B, C, H, W]` or `[B, C, D, H, W]`."""
    return nn.Sequential(convolution(rank, inputs, outputs, size, stride), norm(rank, outputs), nn.ReLU())


def upsample(deep: Tensor, like: Tensor) -> Tensor:
    """`deep [B, C, ...]` at the size of `like [B, C', ...]`, linear along each side."""
    return functional.interpolate(deep, size=like.shape[2:], mode=MODES[like.dim() - 2], align_corners=False)


def shrunk(maps: Tensor, sides: tuple[int, ...]) -> Tensor:
    """Maps `[B, C, ...]` as the means over equal parts of them, `sides` in number."""
    pool: Callable[..., Tensor] = functional.adaptive_avg_pool3d
    if len(sides) == 2:
        pool = functional.adaptive_avg_pool2d
    found: Tensor = pool(maps, sides)
    return found
