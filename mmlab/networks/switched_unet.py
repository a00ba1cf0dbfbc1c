"""A U-Net whose convolutions serve every input, with a normalisation for each (docs/methods.md 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from mmlab.core.method import Feature
from mmlab.networks.encoders import upsample

GROUPS = 4  # of channels that are normalised together


class SwitchedBlock(nn.Module):
    """A convolution, the group normalisation of the input that passes, and ReLU, on maps `[B, C, H, W]`."""

    def __init__(self, inputs: int, outputs: int, stride: int, owners: Iterable[str]) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norms = nn.ModuleDict({owner: nn.GroupNorm(GROUPS, outputs) for owner in owners})

    def forward(self, maps: Tensor, owner: str) -> Tensor:
        return torch.relu(self.norms[owner](self.convolution(maps)))


class SwitchedUNet(nn.Module):
    """Logits of regions and levels of features from the maps of one input.

    owners: whose normalisation there is; `seen`: by input, a module that its deepest maps pass, for those who look.
    """

    def __init__(
        self, channels: int, widths: Sequence[int], regions: int, owners: Sequence[str], names: Sequence[str]
    ) -> None:
        super().__init__()
        pairs = list(pairwise(widths))

        def level(before: int, after: int, stride: int) -> nn.ModuleList:
            return nn.ModuleList((SwitchedBlock(before, after, stride, owners), SwitchedBlock(after, after, 1, owners)))

        self.down = nn.ModuleList((level(channels, widths[0], 1), *(level(*pair, 2) for pair in pairs)))
        self.up = nn.ModuleList(SwitchedBlock(shallow + deep, shallow, 1, owners) for shallow, deep in pairs)
        self.last = nn.Conv2d(widths[0], regions, 1)
        self.seen = nn.ModuleDict({name: nn.Identity() for name in names})

    def forward(self, maps: Tensor, owner: str, name: str) -> tuple[Tensor, Feature]:
        """Logits `[B, R, H, W]` and levels, shallow to deep, of `maps [B, C, H, W]` of the input `name`."""
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
