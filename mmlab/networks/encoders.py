"""Encoders by kind of modality: convolutions, then pooling to a vector or, for dense outputs, levels of maps."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from mmlab.core.errors import Unsupported
from mmlab.core.method import Feature
from mmlab.core.modality import WORD_IDS, Modality

WORD_SIZE, WORDS_LOST = 8, 0.3


def _block2d(inputs: int, outputs: int, stride: int, size: int = 3) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _block1d(inputs: int, outputs: int, stride: int, size: int = 5) -> nn.Sequential:
    convolution = nn.Conv1d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(outputs), nn.ReLU())


class Encoder(nn.Module):
    """`body` makes maps `[B, C, ...]` (what Grad-CAM looks at), `neck` makes the feature `[B, D]` of them."""

    def __init__(self, body: nn.Module, neck: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.neck = neck

    def forward(self, inputs: Tensor) -> Feature:
        return (self.neck(self.body(inputs)),)


class LevelEncoder(nn.Module):
    """The left half of a U-Net: one feature level per depth, `[B, C * 2^i, H / 2^i, W / 2^i]`."""

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        first = [nn.Sequential(_block2d(channels, widths[0], 1), _block2d(widths[0], widths[0], 1))]
        deeper = [_down(before, after) for before, after in pairwise(widths)]
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


def _down(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_block2d(inputs, outputs, 2), _block2d(outputs, outputs, 1))


def _neck(flat: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(flat, size, bias=False), nn.BatchNorm1d(size), nn.ReLU())


def _image(modality: Modality, width: int, size: int) -> Encoder:
    channels, height, across = modality.shape
    body = nn.Sequential(
        _block2d(channels, width, 2, size=5),
        _block2d(width, 2 * width, 2),
        _block2d(2 * width, 5 * width // 2, 1),
    )
    grid = (2, 4) if across >= 2 * height else (3, 3)
    neck = nn.Sequential(nn.AdaptiveAvgPool2d(grid), *_neck(5 * width // 2 * math.prod(grid), size))
    return Encoder(body, neck)


def _series(modality: Modality, width: int, size: int) -> Encoder:
    channels, length = modality.shape
    strides = (2, 2, 2) if length >= 48 else (1, 1, 1)
    widths = (channels, 2 * width, 2 * width, 5 * width // 2)
    body = nn.Sequential(
        *(_block1d(*pair) for pair in zip(widths, widths[1:], strides, strict=False)),
    )
    neck = nn.Sequential(nn.AdaptiveAvgPool1d(4), *_neck(5 * width // 2 * 4, size))
    return Encoder(body, neck)


def _vector(modality: Modality, width: int, size: int) -> Encoder:
    body = nn.Sequential(nn.Linear(modality.shape[0], 4 * width), nn.BatchNorm1d(4 * width), nn.ReLU())
    return Encoder(body, nn.Sequential(*_neck(4 * width, size)))


class Words(nn.Module):
    """Two numbers per word `[B, 2, L]` to maps `[B, C, L]`: what is known of both numbers, added up, and neighbours.

    Hash embeddings (Svenstrup et al., NeurIPS 2017) without importance weights. Places without a word are zero. Small
    first values and dropout, because most words are met a few times only.
    """

    def __init__(self, channels: int, size: int = WORD_SIZE) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(WORD_IDS, size, padding_idx=0) for _ in range(2))
        for table in self.tables:
            nn.init.normal_(table.weight[1:], std=0.02)  # type: ignore[index]
        self.lost = nn.Dropout(WORDS_LOST)
        self.near = _block1d(size, channels, 1, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        ids = inputs.nan_to_num(0.0, 0.0, 0.0).clamp(0, WORD_IDS - 1).long()
        known = sum(table(row) for table, row in zip(self.tables, ids.unbind(1), strict=True))
        return self.near(self.lost(known).transpose(1, 2)) * (ids[:, :1] > 0)


class Pooled(nn.Module):
    """The largest and the mean value of each channel over the words: `[B, 2 C]`; zero where there is no word."""

    def forward(self, maps: Tensor) -> Tensor:
        said = (maps != 0).any(1, keepdim=True).sum(2).clamp(min=1)
        return torch.cat((maps.amax(2), maps.sum(2) / said), 1)


def _text(modality: Modality, width: int, size: int) -> Encoder:
    channels = 3 * width // 2
    return Encoder(Words(channels), nn.Sequential(Pooled(), *_neck(2 * channels, size)))


BUILDERS: dict[str, Callable[[Modality, int, int], Encoder]] = {
    "image": _image,
    "sound": _image,
    "path": _series,
    "series": _series,
    "vector": _vector,
    "text": _text,
}


def encoder(modality: Modality, width: int, size: int) -> Encoder:
    """The encoder of one modality: maps of `5 * width / 2` channels, then a feature of `size`.

    Raises Unsupported for a kind that has no encoder.
    """
    if modality.kind not in BUILDERS:
        raise Unsupported(
            f"There is no encoder for modalities of kind '{modality.kind}'.", f"Use {', '.join(BUILDERS)}."
        )
    return BUILDERS[modality.kind](modality, width, size)


def level_encoder(modality: Modality, widths: tuple[int, ...]) -> LevelEncoder:
    """The encoder of one picture modality for a dense output. Raises Unsupported for other kinds."""
    if len(modality.shape) != 3:
        raise Unsupported(f"'{modality.label}' is not a picture, and regions are found in pictures.", "Use kind image.")
    return LevelEncoder(modality.shape[0], widths)


def upsample(deep: Tensor, like: Tensor) -> Tensor:
    """`deep [B, C, h, w]` at the size of `like [B, C', H, W]`, bilinear."""
    return torch.nn.functional.interpolate(deep, size=like.shape[-2:], mode="bilinear", align_corners=False)
