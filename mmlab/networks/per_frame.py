"""An image network applied to each frame of a clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from mmlab.core.modality import Modality


class PerFrame(nn.Module):
    """`[B, C, T, H, W]` to maps `[B, D, T, h, w]`, by a network `[B, C, H, W]` -> `[B, D, h, w]` with the same weights
    for every frame. Averaged over places and over time they are one vector, in which the order of frames is lost.

    build: makes the network for the modality that one frame is.
    """

    def __init__(self, modality: Modality, build: Callable[[Modality], nn.Module]) -> None:
        super().__init__()
        channels, self.frames, *places = modality.shape
        self.network = build(replace(modality, shape=(channels, *places)))
        facts: dict[str, Any] = getattr(self.network, "facts", {})
        self.facts = {**facts, "frames": self.frames}

    def forward(self, inputs: Tensor) -> Tensor:
        rows = inputs.movedim(2, 1).flatten(0, 1)
        maps: Tensor = self.network(rows)
        return maps.reshape(len(inputs), self.frames, *maps.shape[1:]).movedim(1, 2)
