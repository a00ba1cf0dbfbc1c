"""A U-Net whose convolutions are shared by all inputs, with a normalisation for each (docs/methods.md 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from mmlab.core.method import Feature
from mmlab.networks.rank import GROUPS, convolution, pointwise, upsample


class SwitchedBlock(nn.Module):
    """A convolution, the group normalisation of the input that passes, and ReLU, on maps `[B, C, H, W]`, or
    `[B, C, D, H, W]` of whole scans."""

    def __init__(self, rank: int, inputs: int, outputs: int, stride: int, owners: Iterable[str]) -> None:
        super().__init__()
        self.convolution = convolution(rank, inputs, outputs, 3, stride)
        self.norms = nn.ModuleDict({owner: nn.GroupNorm(GROUPS, outputs) for owner in owners})

    def forward(self, maps: Tensor, owner: str) -> Tensor:
        return torch.relu(self.norms[owner](self.convolution(maps)))


class SwitchedUNet(nn.Module):
    """Logits of regions and levels of features from the maps of one input.

    owners: whose normalisation there is; `seen`: by input, a module that its deepest maps pass, for those who look.
    """

    def __init__(
        self,
        channels: int,
        widths: Sequence[int],
        regions: int,
        owners: Sequence[str],
        names: Sequence[str],
        rank: int = 2,
    ) -> None:
        super().__init__()
        pairs = list(pairwise(widths))

        def level(before: int, after: int, stride: int) -> nn.ModuleList:
            blocks = ((before, after, stride), (after, after, 1))
            return nn.ModuleList(SwitchedBlock(rank, *sizes, owners) for sizes in blocks)

        self.down = nn.ModuleList((level(channels, widths[0], 1), *(level(*pair, 2) for pair in pairs)))
        self.up = nn.ModuleList(SwitchedBlock(rank, shallow + deep, shallow, 1, owners) for shallow, deep in pairs)
        self.last = pointwise(rank, widths[0], regions)
        self.seen = nn.ModuleDict({name: nn.Identity() for name in names})

    def forward(self, maps: Tensor, owner: str, name: str) -> tuple[Tensor, Feature]:
        """Logits `[B, R, ...]` and levels, shallow to deep, of `maps [B, C, ...]` of the input `name`."""
        levels: list[Tensor] = []
        for blocks in self.down:
            for block in cast(nn.ModuleList, blocks):
                maps = block(maps, owner)
            levels.append(maps)
        levels[-1] = value = self.seen[name](maps)
        for step, skip in zip(reversed(self.up), reversed(levels[:-1]), strict=True):
            value = step(torch.cat((skip, upsample(value, skip)), 1), owner)
        return self.last(value), tuple(levels)

    def own_parameters(self, owner: str) -> Iterable[nn.Parameter]:
        """The normalisation of one owner."""
        blocks = (module for module in self.modules() if isinstance(module, SwitchedBlock))
        return (parameter for block in blocks for parameter in block.norms[owner].parameters())
