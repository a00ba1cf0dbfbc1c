"""The encoder of sequences: masked convolutions over time, independent of absent steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmlab.core.method import Feature
from mmlab.networks.encoders import Encoder, neck

DILATIONS = (1, 2, 4)  # together they reach seven steps to either side


def encoder(count: int, width: int, size: int) -> SequenceEncoder:
    """For sequences of `count` features: maps of `5 * width / 2` channels, then a feature of `size`."""
    deep = 5 * width // 2
    return SequenceEncoder(MaskedConvolutions(count, deep), nn.Sequential(*neck(2 * deep, size)))


class SequenceEncoder(Encoder):
    """Maps `[B, C, T]` of sequences, then their mean and their largest values over the steps that are there."""

    def forward(self, inputs: Tensor) -> Feature:
        maps = self.body(inputs)
        count = (inputs[:, -1:] > 0.5).to(maps).sum(2).clamp(min=1)
        # maps are zero where no step is and nowhere below, so that neither the sum nor the maximum sees padding
        return (self.neck(torch.cat([maps.sum(2) / count, maps.amax(2)], 1)),)


class MaskedConvolutions(nn.Module):
    """Sequences `[B, count + 1, T]` to maps `[B, channels, T]`, zero where the last row says that no step is there.

    A temporal convolutional network (Bai, Kolter & Koltun, 2018) that looks both ways, and is masked before every
    convolution. It keeps a cell per step that is made of its neighbours, which is where Grad-CAM looks: cells of a
    recurrent network hold all that came before, and a transformer has to learn from a thousand samples or two which
    steps are neighbours. Normalisation is over the channels of each step by itself: batch statistics would depend on
    how much is padding. Each step is told its place, from -1 for the first that is there to 1 for the last, so that
    what comes first and what comes later can be told apart over more steps than convolutions reach.
    """

    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(count + 1, channels, 1)
        self.blocks = nn.ModuleList(MaskedBlock(channels, each) for each in DILATIONS)

    def forward(self, inputs: Tensor) -> Tensor:
        there = inputs[:, -1:] > 0.5
        placed = torch.cat([inputs[:, :-1], _places(there.to(inputs))], 1)
        maps: Tensor = torch.relu(self.first(torch.where(there, placed, 0.0)))
        for block in self.blocks:
            maps = block(torch.where(there, maps, 0.0))
        return torch.where(there, maps, 0.0)


class MaskedBlock(nn.Module):
    """A convolution over three steps, added to what it was made of: `[B, C, T]`, not below zero."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm = nn.LayerNorm(channels)

    def forward(self, maps: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.convolution(maps).movedim(1, 2)).movedim(2, 1)
        return torch.relu(maps + normed)


def _places(there: Tensor) -> Tensor:
    """Of the steps that are there, `[B, 1, T]` of ones and zeros, the place of each from -1 to 1; one alone is -1."""
    number = there.cumsum(2) - 1
    return 2 * number / (there.sum(2, keepdim=True) - 1).clamp(min=1) - 1
