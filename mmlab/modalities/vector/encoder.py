"""The encoder of vectors: one hidden layer."""

from __future__ import annotations

from torch import nn

from mmlab.networks.encoders import Encoder, neck


def encoder(count: int, width: int, size: int) -> Encoder:
    """Numbers `[B, count]` to a hidden layer of `4 * width`, then a feature of `size`."""
    body = nn.Sequential(nn.Linear(count, 4 * width), nn.BatchNorm1d(4 * width), nn.ReLU())
    return Encoder(body, nn.Sequential(*neck(4 * width, size)))
