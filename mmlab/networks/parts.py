"""Building blocks sized for a task, so that a method says how many heads it needs and never of what kind.

A feature is a tuple of levels, shallow to deep: one vector `[B, D]`, or maps `[B, C, H, W]` for dense outputs, or
`[B, C, D, H, W]` where whole scans are read.
Only this file and the encoders know which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.earlier_names import earlier_names
from mmlab.core.method import Feature
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.presence import keep_rows, of_present
from mmlab.core.task import TaskInfo
from mmlab.losses.common import mean_over_present
from mmlab.networks.backbone_encoder import Body, MapEncoder, VectorEncoder
from mmlab.networks.encoders import LinearEncoder, level_encoder
from mmlab.networks.rank import block, norm, pointwise, upsample
from mmlab.networks.switched_unet import SwitchedUNet

WIDTH, FEATURE, EMBEDDING = 16, 64, 64
LEVELS = {2: (8, 16, 32), 3: (8, 16, 24)}  # by rank: a convolution over a scan has three times the parameters


class Parts:
    """Makes the networks of one task: encoders, fusions, heads and pointwise layers.

    sizes: channels of each level of one modality's feature; embedding: channels of each level after fusion.
    """

    def __init__(self, info: TaskInfo, width: int = WIDTH, embedding: int = EMBEDDING) -> None:
        self.info = info
        self.width = width
        self.maps = info.output.dense  # networks are chosen by the shape of answers, here and nowhere else
        asked = info.embedding
        self.rank = len(next(iter(info.modalities)).shape) - 1 if self.maps else 0
        levels = (max(1, asked // 4), max(1, asked // 2), asked) if asked else LEVELS.get(self.rank, LEVELS[2])
        self.sizes = levels if self.maps else (asked or FEATURE,)
        self.embedding = levels if self.maps else (asked or embedding,)
        self._frozen: dict[str, Body] = {}

    def encoder(self, modality: Modality) -> nn.Module:
        """One modality's encoder: input to feature. Raises Unsupported where its kind has none for this output."""
        if modality.backbone is not None:
            body = self._body(modality)
            return MapEncoder(modality, body, self.sizes) if self.maps else VectorEncoder(modality, body, self.sizes[0])
        if self.maps:
            return level_encoder(modality, self.sizes)
        if modality.encoder == "linear" and len(modality.shape) == 1:
            return LinearEncoder(modality, self.sizes[0])
        return modality_kind(modality.kind).encoder(modality.shape, self.width, self.sizes[0])

    def _body(self, modality: Modality) -> Body:
        """A large network for one input; one that is frozen serves every encoder of the input."""
        assert modality.backbone is not None
        if modality.name in self._frozen:
            return self._frozen[modality.name]
        body = Body(modality, modality.backbone, self.maps)
        if modality.backbone.frozen:
            self._frozen[modality.name] = body
        return body

    def learned_shape(self, modality: Modality) -> tuple[int, ...]:
        """Of what a method meets of an input during training: features where they are cached, one place of windows."""
        if self.info.has_windows:
            return (modality.shape[0], *[1] * (len(modality.shape) - 1))
        is_cached = modality.backbone is not None and modality.backbone.training == "cached"
        return self._body(modality).feature_shape if is_cached else modality.shape

    def readable_by_one(self) -> bool:
        """Whether one network can read every modality: pictures of one shape, and an answer with levels."""
        kinds = (modality_kind(modality.kind) for modality in self.info.modalities)
        shapes = {modality.shape for modality in self.info.modalities}
        is_small = not self.info.backbones
        return is_small and self.maps and len(shapes) == 1 and all(kind.spatial for kind in kinds)

    def switched_unet(self, owners: Sequence[str]) -> SwitchedUNet:
        """One network for every modality, with the normalisation of each owner."""
        names = self.info.modalities.names
        channels = self.info.modalities[names[0]].shape[0]
        return SwitchedUNet(channels, self.sizes, self.info.output.channels, owners, names, self.rank)

    def encoders(self) -> nn.ModuleDict:
        """One encoder per modality, by name."""
        return nn.ModuleDict({modality.name: self.encoder(modality) for modality in self.info.modalities})

    def fusion(self, count: int | None = None, mixed_to_the_end: bool = True) -> Fusion:
        """Concatenation of `count` features (all modalities by default), mixed at each level.

        mixed_to_the_end: off leaves the deepest level as it was joined, `joined` numbers or channels.
        """
        count = len(self.info.modalities) if count is None else count
        sizes = [count * size for size in self.sizes]
        return Fusion(sizes, self.embedding, self.rank, mixed_to_the_end)

    @property
    def joined(self) -> int:
        """Numbers, or channels of the deepest level, of the features of all modalities side by side."""
        return len(self.info.modalities) * self.sizes[-1]

    def pointwise(self, inputs: int, outputs: int, hidden: int = 0) -> nn.Module:
        """A linear layer on vectors, a 1x1 convolution on maps; two with ReLU where there are hidden numbers."""
        if hidden:
            return nn.Sequential(self.pointwise(inputs, hidden), nn.ReLU(), self.pointwise(hidden, outputs))
        return pointwise(self.rank, inputs, outputs)

    def norm(self, size: int) -> nn.Module:
        """Batch normalisation of vectors or maps; of maps of scans, in groups of channels."""
        return norm(self.rank, size)

    def normed(self, inputs: int, outputs: int) -> nn.Sequential:
        """A pointwise layer that ends in normalisation, as both Gaussian heads do (docs/methods.md 1.1)."""
        return nn.Sequential(self.pointwise(inputs, outputs), self.norm(outputs))

    def head(self, sizes: Sequence[int] | None = None) -> nn.Module:
        """Feature to logits: a linear layer, or the right half of a U-Net."""
        sizes = self.embedding if sizes is None else tuple(sizes)
        output = self.info.output
        if self.maps:
            return Decoder(sizes, output.channels, self.rank)
        return Linear(sizes[-1], output.channels, output.scale)


def resolved(info: TaskInfo) -> tuple[TaskInfo, dict[str, dict[str, Any]]]:
    """The task with the digests of its frozen backbones, and the facts about each for a card; no random state moves."""
    maps, found, facts = Parts(info).maps, {}, {}
    for modality in info.modalities:
        if modality.backbone is None:
            continue
        with torch.random.fork_rng(devices=[]):
            body = Body(modality, modality.backbone, maps)
        found[modality.name] = replace(modality.backbone, digest=body.digest)
        facts[modality.name] = body.facts
    return info.with_backbones(found), facts


class Fusion(nn.Module):
    """Features of several modalities, concatenated and mixed to one feature of the embedding's sizes."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int], rank: int, mixed_to_the_end: bool) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(_mix(rank, before, after), nn.ReLU()) for before, after in zip(inputs, outputs, strict=True)
        )
        if not mixed_to_the_end:
            self.levels[-1] = nn.Identity()

    def forward(self, features: Sequence[Feature]) -> Feature:
        joined = (torch.cat(level, 1) for level in zip(*features, strict=True))
        return tuple(mix(level) for mix, level in zip(self.levels, joined, strict=True))


def _mix(rank: int, inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(pointwise(rank, inputs, outputs, bias=False), norm(rank, outputs))


class Linear(nn.Module):
    """Logits `[B, C]` of a one-level feature, on the scale of the output."""

    def __init__(self, size: int, channels: int, scale: tuple[float, float] = (0.0, 1.0)) -> None:
        super().__init__()
        self.layer = nn.Linear(size, channels)
        self.middle, self.step = scale

    def forward(self, feature: Feature) -> Tensor:
        logits: Tensor = self.middle + self.step * self.layer(feature[-1])
        return logits


class Decoder(nn.Module):
    """Logits `[B, R, ...]` of a feature of levels: upsample, join the skip, convolve, level by level."""

    def __init__(self, sizes: Sequence[int], channels: int, rank: int) -> None:
        super().__init__()
        pairs = list(pairwise(sizes))
        self.steps = nn.ModuleList(block(rank, shallow + deep, shallow) for shallow, deep in pairs)
        self.last = pointwise(rank, sizes[0], channels)

    def forward(self, feature: Feature) -> Tensor:
        value: Tensor = feature[-1]
        for step, skip in zip(reversed(self.steps), reversed(feature[:-1]), strict=True):
            value = step(torch.cat((skip, upsample(value, skip)), 1))
        logits: Tensor = self.last(value)
        return logits


def zero_absent(features: Mapping[str, Feature], present: Tensor, names: Sequence[str]) -> list[Feature]:
    """The features in order, those of absent modalities set to zero (docs/methods.md 0.4: no rescaling).

    Selection rather than a product, so that not even a NaN of an absent input gets through.
    """
    hidden: list[Feature] = []
    for position, name in enumerate(names):
        on = present[:, position]
        hidden.append(tuple(keep_rows(level, on) for level in features[name]))
    return hidden


def logits_of_rows(head: nn.Module, feature: Feature, on: Tensor) -> Tensor:
    """The logits of a head for the rows `on [B]`, zero for the others, which its normalisation shall not meet."""
    return of_present(lambda rows: (head(tuple(level[rows] for level in feature)),), on, head)[0]


def mean_feature(features: Sequence[Feature], present: Tensor) -> Feature:
    """The mean over what is present, level by level."""
    return tuple(mean_over_present(level, present) for level in zip(*features, strict=True))


def pixels(maps: Tensor) -> Tensor:
    """The pixels of `[B, D, ...]` as rows, `[B * H * W, D]`, or the voxels."""
    return maps.movedim(1, -1).flatten(0, -2)


def pool(level: Tensor) -> Tensor:
    """`[B, D]` of a level: its mean over positions; a vector is left as it is."""
    return level.flatten(2).mean(2) if level.dim() > 2 else level


__getattr__ = earlier_names(__name__, {"hide": "zero_absent"})
