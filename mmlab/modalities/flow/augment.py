"""Augmentation of optical flow."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmlab.modalities.image.augment import drawn_moves, move
from mmlab.modalities.random_draws import even_draw

FASTER = 0.15  # share by which everything goes faster or slower
PIXELS = 2  # that it is shifted


def vary_flow(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Flow `[B, 2, H, W]` shifted by whole pixels, faster or slower, and as fast as a picture can hold at most."""
    shift, _ = drawn_moves(len(batch), PIXELS, generator)
    moved = move({"flow": batch}, shift, torch.ones(len(batch)))["flow"]
    return vary_speed(moved, generator)


def vary_speed(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Flow `[B, 2, H, W]`, all of it faster or slower."""
    return (batch * (1 + even_draw(len(batch), FASTER, generator)).view(-1, 1, 1, 1)).clamp(-1, 1)


def move_clips(inputs: Mapping[str, Tensor], flow: str, furthest: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Frames and their flow `[B, C, H, W]` shifted and mirrored alike; what is mirrored goes to the other side."""
    shift, mirror = drawn_moves(len(inputs[flow]), furthest, generator)
    moved = move(inputs, shift, mirror)
    aside, down = moved[flow].unbind(1)
    return {**moved, flow: torch.stack([aside * mirror.view(-1, 1, 1), down], 1)}
