"""An encoder whose body is a large network: its frozen part is not saved, and can be replaced by cached features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.backbone import Backbone
from mmlab.core.backbone_families import BACKBONES
from mmlab.core.errors import CheckpointError, MmlabError, Unsupported, first_line
from mmlab.core.method import Feature
from mmlab.core.modality import Modality
from mmlab.networks.backbone_weights import digest_of
from mmlab.networks.encoders import block2d
from mmlab.networks.rank import upsample

SEED = 0  # of frozen random weights, which are then the same everywhere


class Body(nn.Module):
    """The pretrained network that a family builds for one input.

    shapes: of what it gives for one sample, level by level; facts: what a card says of it.
    """

    def __init__(self, modality: Modality, backbone: Backbone, levels: bool) -> None:
        super().__init__()
        self.backbone, self.levels = backbone, levels
        self.network = _built(modality, backbone, levels)
        self.shapes = self._looked(modality)
        facts = getattr(self.network, "facts", {})
        count = sum(parameter.numel() for parameter in self.network.parameters())
        self.facts = {"encoder": backbone.encoder, "parameters": count, "training": backbone.training, **facts}
        self.digest = digest_of(self.network) if backbone.frozen else ""
        if backbone.frozen:
            self.requires_grad_(False)
            if backbone.digest and backbone.digest != self.digest:
                raise CheckpointError(
                    f"The frozen weights of {backbone.encoder} that the model was trained with are not here.",
                    "Put back the file or the package that they came from; others have the same name.",
                )

    def _looked(self, modality: Modality) -> list[tuple[int, ...]]:
        was = self.training
        self.eval()
        try:
            with torch.no_grad():
                found = self(torch.zeros(2, *modality.shape))
        except MmlabError:
            raise
        except (RuntimeError, AssertionError, ValueError, IndexError, ZeroDivisionError) as error:
            size = " × ".join(map(str, modality.shape))
            raise Unsupported(
                f"{self.backbone.encoder} cannot read an input of {size}: {first_line(error).rstrip('.')[:160]}.",
                "It may be too small: give another number of pixels, or take another model.",
            ) from error
        self.train(was)
        return [tuple(level.shape[1:]) for level in found]

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Feature levels, shallow to deep; a single one if the output is not dense."""
        found = self.network(inputs)
        return found if isinstance(found, tuple) else (found,)

    def pool(self, maps: Tensor) -> Tensor:
        """`[B, C]` of `[B, C, *places]`."""
        own: Callable[[Tensor], Tensor] | None = getattr(self.network, "pool", None)
        if own is not None:
            return own(maps)
        return maps.flatten(2).mean(2) if maps.dim() > 2 else maps

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """The shape of the `features` of one sample."""
        return (self.shapes[-1][0],)

    def features(self, inputs: Tensor) -> Tensor:
        """Pooled features `[B, C]` of inputs `[B, *shape]`."""
        return self.pool(self(inputs)[-1])


class BackboneEncoder(nn.Module):
    """Base: `[B, *shape]`, or rows of features of a frozen body, to a feature. `body` is where Grad-CAM looks."""

    def __init__(self, modality: Modality, network: Body) -> None:
        super().__init__()
        self.network = network
        self.body = nn.Identity()
        self.shape = modality.shape
        self.frozen, self.rate = network.backbone.frozen, network.backbone.rate
        if self.frozen:
            self.network.eval()
            self.register_state_dict_post_hook(_left_out)  # type: ignore[no-untyped-call]
            self.register_load_state_dict_pre_hook(_filled_in)  # type: ignore[no-untyped-call]

    def train(self, mode: bool = True) -> BackboneEncoder:
        """Switch the mode; a frozen body keeps its statistics."""
        super().train(mode)
        if self.frozen:
            self.network.eval()
        return self

    def given(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The levels of inputs, or of their features."""
        is_raw = inputs.dim() == 1 + len(self.shape)
        levels: tuple[Tensor, ...] = self.network(inputs) if is_raw else (inputs,)
        return (*levels[:-1], self.body(levels[-1]))


class VectorEncoder(BackboneEncoder):
    """Pooled maps, a linear layer, normalisation and ReLU: a feature `[B, size]`."""

    def __init__(self, modality: Modality, network: Body, size: int) -> None:
        super().__init__(modality, network)
        channels = network.shapes[-1][0]
        self.neck = nn.Sequential(nn.Linear(channels, size, bias=False), nn.BatchNorm1d(size), nn.ReLU())

    def forward(self, inputs: Tensor) -> Feature:
        deepest = self.given(inputs)[-1]
        pooled = self.network.pool(deepest) if deepest.dim() > 2 else deepest
        return (self.neck(pooled),)


class MapEncoder(BackboneEncoder):
    """Feature levels at whole, half and quarter size, as the small encoder of dense outputs gives them.

    The first is made of the input itself. Each further one mixes all stages of the body of its size and below.
    """

    def __init__(self, modality: Modality, network: Body, sizes: tuple[int, ...]) -> None:
        super().__init__(modality, network)
        self.places = modality.shape[1:]
        self.first = block2d(modality.shape[0], sizes[0], 1)
        self.sources = [self._of(depth) for depth in range(1, len(sizes))]
        self.mixed = nn.ModuleList(
            block2d(sum(network.shapes[index][0] for index in found), size, 1, size=1)
            for found, size in zip(self.sources, sizes[1:], strict=True)
        )

    def _of(self, depth: int) -> list[int]:
        """The stages that are as small as a level or smaller; the deepest where none is."""
        found = [k for k, shape in enumerate(self.network.shapes) if shape[-1] <= self.places[-1] // 2**depth]
        return found or [len(self.network.shapes) - 1]

    def forward(self, inputs: Tensor) -> Feature:
        stages = self.given(inputs)
        levels = [self.first(inputs)]
        for depth, (found, mix) in enumerate(zip(self.sources, self.mixed, strict=True), 1):
            like = levels[0][:, :, :: 2**depth, :: 2**depth]
            levels.append(mix(torch.cat([upsample(stages[index], like) for index in found], 1)))
        return tuple(levels)


def frozen_parameters(network: nn.Module) -> set[nn.Parameter]:
    """The parameters of frozen bodies."""
    encoders = (each for each in network.modules() if isinstance(each, BackboneEncoder) and each.frozen)
    return {parameter for each in encoders for parameter in each.network.parameters()}


def rates(network: nn.Module) -> dict[nn.Parameter, float]:
    """The multiple of the learning rate of each parameter of a body that has one of its own."""
    encoders = (each for each in network.modules() if isinstance(each, BackboneEncoder) and each.rate != 1)
    return {parameter: each.rate for each in encoders for parameter in each.network.parameters()}


def _built(modality: Modality, backbone: Backbone, levels: bool) -> nn.Module:
    family = BACKBONES[backbone.family]()
    if reason := family.unsupported_reason(modality):
        raise Unsupported(reason, f"Leave {modality.name} to its small encoder.")
    if backbone.training == "cached" and len(modality.shape) < 2:
        raise Unsupported(f"'{modality.label}' is a row already.", "Give training=frozen.")
    if backbone.training == "cached" and levels:
        raise Unsupported("Regions are found in the pictures themselves, not in features.", "Give training=frozen.")
    if not backbone.frozen:
        return family.build(modality, backbone, levels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return family.build(modality, backbone, levels).eval()


def _left_out(encoder: nn.Module, state: dict[str, Tensor], prefix: str, _: Any) -> None:
    """Frozen weights are found again by their digest."""
    for name in [name for name in state if name.startswith(f"{prefix}network.")]:
        del state[name]


def _filled_in(encoder: BackboneEncoder, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    kept = encoder.network.state_dict(prefix=f"{prefix}network.")
    state.update({name: value for name, value in kept.items() if name not in state})
