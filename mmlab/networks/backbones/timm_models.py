"""Every model of timm, without its classifier: maps of its last stage, or of all its stages for dense outputs."""

from __future__ import annotations

import difflib
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlab.core.backbone import Backbone
from mmlab.core.backbone_families import BACKBONES, BackboneFamily
from mmlab.core.errors import MissingExtra, MmlabError, UnknownName, Unsupported
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.networks import backbone_weights
from mmlab.networks.hub_reach import cache_only_without_network
from mmlab.networks.per_frame import PerFrame

INSTALL = "pip install 'mmlab[backbones]'"


@BACKBONES.register("timm")
class TimmFamily(BackboneFamily):
    """`timm:NAME`, for pictures and what is laid out as one, `[C, H, W]`, and for clips of them, frame by frame."""

    title = "timm"

    def unsupported_reason(self, modality: Modality) -> str:
        if len(modality.shape) in (3, 4):
            return ""
        return f"'{modality.label}' is no picture, and timm's models read pictures."

    def build(self, modality: Modality, backbone: Backbone, levels: bool) -> nn.Module:
        if len(modality.shape) == 4:
            return PerFrame(modality, lambda frame: TimmBody(frame, backbone, levels))
        return TimmBody(modality, backbone, levels)


class TimmBody(nn.Module):
    """`[B, C, H, W]` of an input, resized and normalised as the model wants it, to maps `[B, D, h, w]`."""

    network: Any
    mean: Tensor
    std: Tensor

    def __init__(self, modality: Modality, backbone: Backbone, levels: bool) -> None:
        super().__init__()
        timm = imported()
        name, (channels, *places) = backbone.name, modality.shape
        if not timm.is_model(name):
            near = difflib.get_close_matches(name, timm.list_models(), n=1)
            hint = f"Did you mean 'timm:{near[0]}'?" if near else "timm.list_models() names all."
            raise UnknownName(f"timm has no model '{name}'.", hint)
        self.size = tuple(places) if backbone.pixels < 0 else (backbone.pixels, backbone.pixels)
        given: dict[str, Any] = {"in_chans": channels}
        if not levels:
            given |= {"num_classes": 0, "global_pool": ""}
        self.network = _made(timm, name, backbone, given | ({"features_only": True} if levels else {}), self.size)
        config = timm.data.resolve_model_data_config(self.network)
        if not all(self.size):
            self.size = tuple(config["input_size"][1:])
        self.levels, self.in_range = levels, modality_kind(modality.kind).unit_range
        mean, std = (_per_channel(config[key], channels) for key in ("mean", "std"))
        self.register_buffer("mean", mean.view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", std.view(1, -1, 1, 1), persistent=False)
        self.facts = _facts(self.network, backbone, (channels, *self.size))
        if min(self.size) < (least := self._least()):
            raise Unsupported(
                f"{self.size[0]} × {self.size[1]} pixels are too few for timm:{name}.", f"Give pixels={least} or more."
            )

    def _least(self) -> int:
        """A place of its last maps is one of so many pixels."""
        info = getattr(self.network, "feature_info", None)
        rows = info if isinstance(info, list) else getattr(info, "info", [])
        return max((int(row.get("reduction", 1)) for row in rows), default=1)

    def forward(self, inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        shown = self._normalised(inputs)
        if shown.shape[-2:] != self.size:
            shown = functional.interpolate(shown, self.size, mode="bilinear", align_corners=False, antialias=True)
        if self.levels:
            return tuple(self._maps(level) for level in self.network(shown))
        return self._maps(self.network.forward_features(shown))

    def _normalised(self, inputs: Tensor) -> Tensor:
        """Pictures in [0, 1] as the weights were trained; other numbers at mean 0 and spread 1 in each sample."""
        if self.in_range:
            return (inputs - self.mean) / self.std
        flat = inputs.flatten(1)
        mean, spread = flat.mean(1), flat.std(1).clamp(min=1e-5)
        return (inputs - mean.view(-1, 1, 1, 1)) / spread.view(-1, 1, 1, 1)

    def _maps(self, found: Tensor) -> Tensor:
        """`[B, D, h, w]`: tokens `[B, n, D]` on their grid, channels in front."""
        if found.dim() == 3:
            return on_grid(found, int(getattr(self.network, "num_prefix_tokens", 0)), self.size)
        if str(getattr(self.network, "output_fmt", "NCHW")).endswith("NHWC"):
            return found.permute(0, 3, 1, 2)
        return found


def on_grid(tokens: Tensor, before: int, size: tuple[int, ...]) -> Tensor:
    """Tokens `[B, n, D]`, the first `before` of which are no places, as maps of the proportions of `size`."""
    rest = tokens[:, before:]
    count = rest.shape[1]
    rows = max(1, round(math.sqrt(count * size[0] / size[1])))
    while count % rows:
        rows -= 1
    return rest.transpose(1, 2).reshape(len(rest), -1, rows, count // rows)


def imported() -> Any:
    """The package timm. Raises MissingExtra."""
    try:
        import timm
    except ModuleNotFoundError as error:
        raise MissingExtra(f"Encoders of timm need the package {error.name}.", INSTALL) from error
    except (ImportError, RuntimeError) as error:
        raise MissingExtra(
            "timm is here but cannot be imported: torchvision is of another build than torch.", INSTALL
        ) from error
    return timm


def _made(timm: Any, name: str, backbone: Backbone, given: dict[str, Any], size: tuple[int, ...]) -> Any:
    """The network with its weights. Raises DataError, Unsupported."""
    if backbone.pretrained not in ("no", "yes"):
        return _from_file(timm, name, backbone, given, size)
    more = {"pretrained": backbone.pretrained == "yes"}
    try:
        with cache_only_without_network():
            return _created(timm, name, given | more, size)
    except MmlabError:
        raise
    except Exception as error:
        if backbone.pretrained == "no":
            raise Unsupported(f"timm cannot build {name}: {error}".rstrip(".") + ".", "Take another model.") from error
        raise Unsupported(
            f"The weights of timm:{name} are not here and cannot be downloaded.",
            "Give pretrained=FILE, or connect to the network once: they stay in the cache.",
        ) from error


def _created(timm: Any, name: str, given: dict[str, Any], size: tuple[int, ...]) -> nn.Module:
    """A model of fixed size is made for the size that it will see."""
    entry = timm.get_pretrained_cfg(name)
    if all(size) and entry is not None and entry.fixed_input_size:
        given = {**given, "img_size": size}
    network: nn.Module = timm.create_model(name, **given)
    return network


def _from_file(timm: Any, name: str, backbone: Backbone, given: dict[str, Any], size: tuple[int, ...]) -> nn.Module:
    """The file fits the model of three colours; timm then brings the first layer to the channels there are."""
    tensors = backbone_weights.read(backbone.pretrained)
    whole = _created(timm, name, {"num_classes": 0}, ())
    backbone_weights.fit(whole, tensors, f"timm:{name}", backbone.pretrained.rsplit("/", 1)[-1])
    entry = timm.get_pretrained_cfg(name).to_dict()
    overlay = {**entry, "state_dict": whole.state_dict(), "num_classes": 0, "classifier": ()}
    return _created(timm, name, {**given, "pretrained": True, "pretrained_cfg": overlay}, size)


def _per_channel(values: Any, channels: int) -> Tensor:
    """One number per channel; the mean of those of the colours where there are not three."""
    found = torch.tensor(values, dtype=torch.float32)
    return found if len(found) == channels else found.mean().expand(channels).clone()


def _facts(network: nn.Module, backbone: Backbone, shape: tuple[int, ...]) -> dict[str, Any]:
    entry = getattr(network, "pretrained_cfg", None) or {}
    origin = str(entry.get("hf_hub_id") or entry.get("url") or "")
    weights = {"no": "random", "yes": f"timm, {origin}".rstrip(", ")}.get(backbone.pretrained, backbone.pretrained)
    licence = str(entry.get("license") or "not stated") if backbone.pretrained == "yes" else "that of the file"
    return {"input": list(shape), "weights": weights, "licence": "" if backbone.pretrained == "no" else licence}
