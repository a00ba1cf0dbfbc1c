"""The Grad-CAM layer of a custom module: the last layer of a modality with positions and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor, nn

from mmlab.core.errors import DataError
from mmlab.foreign.calls import Call
from mmlab.foreign.trees import first_tensor

FIRST_TOKENS = (0, 1, 2, 5)  # before those of the places: none, class, and distillation or four registers
BY_PLACE = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.Upsample,
)
BY_TOKEN = (nn.Linear, nn.LayerNorm, nn.Embedding, nn.MultiheadAttention, nn.RNNBase)


@dataclass(frozen=True)
class Layer:
    """What kind of result a call gives. shape: of its first floating tensor; channels: "first", "last", or unknown;
    inner: a projection inside something else, which is no place to look at."""

    shape: tuple[int, ...]
    channels: str = ""
    inner: bool = False


def layer_of(module: nn.Module, value: Any, leaves: Sequence[nn.Module]) -> Layer:
    """From what a call returned, and the leaves that ran until then."""
    first = first_tensor(value)
    shape = tuple(first.shape) if first is not None else ()
    kinds = [leaf for leaf in reversed(leaves[-40:]) if isinstance(leaf, (*BY_PLACE, *BY_TOKEN)) or _named_norm(leaf)]
    channels = ""
    if kinds:
        channels = "first" if isinstance(kinds[0], BY_PLACE) else "last"
    return Layer(shape, channels, isinstance(module, nn.Linear))


def _named_norm(leaf: nn.Module) -> bool:
    name = type(leaf).__name__.lower()
    return "layernorm" in name or "rmsnorm" in name


@dataclass(frozen=True)
class CamLayer:
    """A call, and how its result becomes maps. form: "input" (no call), "maps", "last", "line", or
    "tokens" with (how many come before, height, width); "own" where the person reshapes."""

    call: Call | None
    form: str
    sizes: tuple[int, ...] = ()
    reshape: Callable[[Tensor], Tensor] | None = None

    def maps(self, value: Tensor) -> Tensor:
        """The result of the call, or a gradient there, as `[B, C, *places]`."""
        if self.reshape is not None:
            return self.reshape(value)
        if self.form == "last":
            return value.movedim(-1, 1)
        if self.form == "line":
            return value.transpose(1, 2)
        if self.form == "tokens":
            before, height, width = self.sizes
            return value[:, before:].transpose(1, 2).unflatten(2, (height, width))
        return value

    def card(self) -> dict[str, Any]:
        """For the card of a measured model."""
        return {"call": str(self.call) if self.call else "", "form": self.form, "sizes": list(self.sizes)}

    @property
    def words(self) -> str:
        """Where it looks, for people."""
        return f"at {self.call}" if self.call else "at the input itself"


INPUT = CamLayer(None, "input")


def cam_layer_of(call: Call, layer: Layer, places: tuple[int, ...]) -> CamLayer | None:
    """How a result of this shape lies over the places of a modality; None where it does not."""
    shape = layer.shape
    if len(shape) == len(places) + 2 and len(places) >= 2:
        if layer.channels != "last" and prod(shape[2:]) > 1:
            return CamLayer(call, "maps")
        if layer.channels == "last" and prod(shape[1:-1]) > 1 and _alike(shape[1:-1], places):
            return CamLayer(call, "last")
    if len(shape) == 3 and len(places) == 1:
        if layer.channels == "first":
            return CamLayer(call, "maps") if shape[2] > 1 else None
        return CamLayer(call, "line") if shape[1] > 1 else None
    if len(shape) == 3 and len(places) == 2 and layer.channels == "last":
        return _tokens(call, shape[1], places)
    return None


def _tokens(call: Call, count: int, places: tuple[int, ...]) -> CamLayer | None:
    for before in FIRST_TOKENS:
        height = round(((count - before) * places[0] / places[1]) ** 0.5)
        if height > 1 and (count - before) % height == 0:
            width = (count - before) // height
            if width > 1 and _alike((height, width), places):
                return CamLayer(call, "tokens", (before, height, width))
    return None


def _alike(sides: Sequence[int], places: Sequence[int]) -> bool:
    """Whether both have the same proportions."""
    return sides[0] * places[1] == sides[1] * places[0]


def read_cam_layer(text: str, reshape: Callable[[Tensor], Tensor] | None) -> CamLayer:
    """A place that the user named; its form comes later. Raises DataError."""
    return INPUT if text == "input" else CamLayer(Call.parse(text), "own" if reshape else "", (), reshape)


def no_positions(cam_layer: CamLayer, layer: Layer, name: str) -> DataError:
    """Why a layer that the user named gives no map, as a sentence."""
    shape = layer.shape
    what = f"{shape[1]} tokens, which are no rectangle" if len(shape) == 3 else f"the shape {shape}"
    return DataError(
        f"At '{cam_layer.call}' the result for '{name}' has {what}.",
        "Give reshape=, from that result to (batch, channels, *places).",
    )
