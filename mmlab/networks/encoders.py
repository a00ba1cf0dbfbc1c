"""Parts that the encoders of several kinds of modality share: convolutions, then pooling to a vector or, for dense
outputs, levels of maps. Which kind takes which stands in its folder under `mmlab/modalities/`."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from mmlab.core.errors import Unsupported
from mmlab.core.method import Feature
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.networks.rank import block


def block2d(inputs: int, outputs: int, stride: int, size: int = 3) -> nn.Sequential:
    """Convolution, batch normalisation and ReLU on maps `[B, C, H, W]`."""
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def block1d(inputs: int, outputs: int, stride: int, size: int = 5) -> nn.Sequential:
    """Convolution, batch normalisation and ReLU on maps `[B, C, T]`."""
    convolution = nn.Conv1d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(outputs), nn.ReLU())


def block3d(
    inputs: int, outputs: int, size: tuple[int, int, int], stride: tuple[int, int, int] = (1, 1, 1)
) -> nn.Sequential:
    """Convolution, batch normalisation and ReLU on maps `[B, C, T, H, W]`, or `[B, C, D, H, W]`."""
    padding = (size[0] // 2, size[1] // 2, size[2] // 2)
    convolution = nn.Conv3d(inputs, outputs, size, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm3d(outputs), nn.ReLU())


class Encoder(nn.Module):
    """`body` makes maps `[B, C, ...]` (what Grad-CAM looks at), `neck` makes the feature `[B, D]` of them."""

    def __init__(self, body: nn.Module, neck: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.neck = neck

    def forward(self, inputs: Tensor) -> Feature:
        return (self.neck(self.body(inputs)),)


class LinearEncoder(Encoder):
    """Vectors `[B, n]` to a feature `[B, size]` by a linear map, brought to mean 0 and spread 1."""

    body: nn.Linear

    def __init__(self, modality: Modality, size: int) -> None:
        super().__init__(nn.Linear(modality.shape[0], size, bias=False), nn.BatchNorm1d(size))
        self.modality = modality.name


class LevelEncoder(nn.Module):
    """The left half of a U-Net: one feature level per depth, `[B, C_i, H / 2^i, W / 2^i]`, of scans with a depth."""

    def __init__(self, channels: int, widths: tuple[int, ...], rank: int = 2) -> None:
        super().__init__()
        first = [nn.Sequential(block(rank, channels, widths[0]), block(rank, widths[0], widths[0]))]
        deeper = [_down(rank, before, after) for before, after in pairwise(widths)]
        self.levels = nn.ModuleList(first + deeper)

    @property
    def body(self) -> nn.Module:
        """The deepest level."""
        return self.levels[-1]

    def forward(self, inputs: Tensor) -> Feature:
        found: list[Tensor] = []
        for level in self.levels:
            found.append(level(found[-1] if found else inputs))
        return tuple(found)


def _down(rank: int, inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(block(rank, inputs, outputs, 2), block(rank, outputs, outputs))


def neck(flat: int, size: int) -> nn.Sequential:
    """Maps, pooled to `flat` numbers, to the feature `[B, size]`."""
    return nn.Sequential(nn.Flatten(), nn.Linear(flat, size, bias=False), nn.BatchNorm1d(size), nn.ReLU())


def convolutions_2d(shape: tuple[int, ...], width: int, size: int) -> Encoder:
    """For pictures and spectrograms `[C, H, W]`: maps of `5 * width / 2` channels, then a feature of `size`."""
    channels, height, across = shape
    body = nn.Sequential(
        block2d(channels, width, 2, size=5),
        block2d(width, 2 * width, 2),
        block2d(2 * width, 5 * width // 2, 1),
    )
    grid = (2, 4) if across >= 2 * height else (3, 3)
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(grid), *neck(5 * width // 2 * math.prod(grid), size))
    return Encoder(body, pooled)


class PooledMoments(nn.Module):
    """Maps `[B, C, T, H, W]` as their means over equal parts of the time, `[B, C * parts, H, W]`.

    In two dimensions, which graphs of other programs (ONNX) know how to pool.
    """

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d((parts, None))

    def forward(self, maps: Tensor) -> Tensor:
        pooled: Tensor = self.pool(maps.flatten(3))
        return pooled.reshape(maps.shape[0], -1, *maps.shape[3:])


def convolutions_2d_1d(shape: tuple[int, ...], width: int, size: int) -> Encoder:
    """For clips `[C, T, H, W]`: the convolutions of pictures on each frame, each but the first followed by one over
    time, as in R(2+1)D (Tran et al., CVPR 2018). Maps keep all T moments, so that each frame has a map of its own.

    That is half of the parameters of 3-D convolutions that reach as far, in less time. Over time maps are pooled to two
    halves, over places as those of pictures are.
    """
    channels, moments, _, _ = shape
    deep = 5 * width // 2
    body = nn.Sequential(
        block3d(channels, width, (1, 5, 5), (1, 2, 2)),
        block3d(width, 2 * width, (1, 3, 3), (1, 2, 2)),
        block3d(2 * width, 2 * width, (3, 1, 1)),
        block3d(2 * width, deep, (1, 3, 3)),
        block3d(deep, deep, (3, 1, 1)),
    )
    parts = min(2, moments)
    pooled = nn.Sequential(PooledMoments(parts), nn.AdaptiveAvgPool2d((3, 3)), *neck(deep * parts * 9, size))
    return Encoder(body, pooled)


def convolutions_3d(shape: tuple[int, ...], width: int, size: int) -> Encoder:
    """For whole scans `[C, D, H, W]`: the convolutions of pictures in three dimensions, of half the channels at
    first, and pooled to two parts along each side."""
    channels, deep = shape[0], 5 * width // 2
    body = nn.Sequential(
        block3d(channels, width // 2, (5, 5, 5), (2, 2, 2)),
        block3d(width // 2, width, (3, 3, 3), (2, 2, 2)),
        block3d(width, deep, (3, 3, 3)),
    )
    pooled = nn.Sequential(PooledMoments(2), nn.AdaptiveAvgPool2d((2, 2)), *neck(deep * 8, size))
    return Encoder(body, pooled)


def convolutions_1d(shape: tuple[int, ...], width: int, size: int) -> Encoder:
    """For series and paths `[C, T]`: maps of `5 * width / 2` channels, then a feature of `size`."""
    channels, length = shape
    strides = (2, 2, 2) if length >= 48 else (1, 1, 1)
    widths = (channels, 2 * width, 2 * width, 5 * width // 2)
    body = nn.Sequential(
        *(block1d(*pair) for pair in zip(widths, widths[1:], strides, strict=False)),
    )
    pooled = nn.Sequential(nn.AdaptiveAvgPool1d(4), *neck(5 * width // 2 * 4, size))
    return Encoder(body, pooled)


def level_encoder(modality: Modality, widths: tuple[int, ...]) -> LevelEncoder:
    """The encoder of one picture or scan for a dense output. Raises Unsupported for other kinds."""
    rank = len(modality.shape) - 1
    if not modality_kind(modality.kind).spatial or rank not in (2, 3):
        message = f"'{modality.label}' is neither a picture nor a scan, and regions are found in these."
        raise Unsupported(message, "Use kind image or volume.")
    return LevelEncoder(modality.shape[0], widths, rank)
