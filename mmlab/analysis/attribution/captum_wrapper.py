"""One sample under many combinations as a module that captum can explain: all combinations form one batch.

It works on a twin of the model, the same weights in modules of its own, so that hooks never touch the model that
other threads answer with, and nothing has to wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mmlab.analysis.attribution.geometry import Geometry, Tracing
from mmlab.analysis.attribution.registry import AttributionRequest
from mmlab.analysis.base.model_twin import recorded, replayed, twin
from mmlab.core.errors import Unsupported
from mmlab.core.modality import Modality


class CaptumAdapter(nn.Module):
    """The score of one sample under K combinations, `[K]`, as a module that captum can explain.

    `junction` is the layer to attribute to: it hands on the activations of all Grad-CAM layers at once, as a tuple, so
    that one call serves every modality. `rows` are the inputs `[K, *shape]` in the task's order. `geometry` says where
    the cells of each layer lie on the input. `gradients` are those of the last backward pass at each layer, whoever
    asked for it.
    """

    def __init__(self, request: AttributionRequest) -> None:
        super().__init__()
        method = request.method
        self.method = twin(method)
        self.request = request
        self.combinations = request.combinations
        place = method.device
        self.present = method.modalities.masks(self.combinations, place)
        singles = [single_input(modality, request.inputs).to(place) for modality in method.modalities]
        self.rows = tuple(single.expand(len(self.combinations), *single.shape[1:]) for single in singles)
        self.junction = _Junction()
        self.layers = self._layers()
        self.geometry: tuple[Geometry | None, ...] = ()
        self.activations = self._activations()
        self.score = torch.zeros(len(self.combinations))
        self.gradients: dict[nn.Module, Tensor] = {}

    def forward(self, *arguments: Tensor) -> Tensor:
        """Scores `[K]` of the inputs, in the task's order, and the mask `[K, M]` that comes last."""
        *rows, present = arguments
        values = self.junction(*self.activations)
        for layer, value in zip(self.layers, values, strict=True):
            if value.requires_grad:
                value.register_hook(partial(self.gradients.__setitem__, layer))
        with replayed(dict(zip(self.layers, values, strict=True))):
            fused = self.method(self._named(rows), present)
        scores = self.request.score(fused.logits)
        self.score = scores.detach()
        return scores

    @property
    def products(self) -> list[Tensor]:
        """Gradient x activation of each layer, of the last backward pass: `[K, cells]` each."""
        gradients = (self.gradients.get(layer, torch.zeros(())) for layer in self.layers)
        pairs = zip(gradients, self.activations, strict=True)
        return [(gradient * value).flatten(1).cpu() for gradient, value in pairs]

    def sees(self, name: str) -> Tensor:
        """Which layer shows which row of a modality: bool `[layers, K]` (on the processor)."""
        table = torch.zeros(len(self.layers), len(self.combinations), dtype=torch.bool, device="cpu")
        for row, combination in enumerate(self.combinations):
            for layer in self.method.cam_layers(name, combination) if name in combination else ():
                table[self.layers.index(layer), row] = True
        return table

    def _layers(self) -> list[nn.Module]:
        pairs = ((name, c) for c in self.combinations for name in c.names)
        owners: dict[nn.Module, str] = {}
        for name, combination in pairs:
            for layer in self.method.cam_layers(name, combination):
                if owners.setdefault(layer, name) != name:
                    raise Unsupported(
                        f"One layer sees {owners[layer]} and {name}, so its first call shows one of them for both.",
                        "A method with shared encoders says what it looks at: override Method.evidence.",
                    )
        return list(owners)

    @torch.no_grad()
    def _activations(self) -> tuple[Tensor, ...]:
        """`[K, C, ...]` of each layer. Encoders do not know the combination, so one row is enough where it can be."""
        single = {name: rows[:1] for name, rows in self._named(self.rows).items()}
        with Tracing(single.values()) as traced, recorded(self.layers) as found:
            self.method.encode(single)
        if len(found) < len(self.layers):
            whole = self._named(self.rows)
            with Tracing(whole.values()) as traced, recorded(self.layers) as found:
                self.method(whole, self.present)
        self.geometry = tuple(traced.of(found[layer]) for layer in self.layers)
        count = len(self.combinations)
        return tuple(found[layer].expand(count, *found[layer].shape[1:]) for layer in self.layers)

    def _named(self, rows: Sequence[Tensor]) -> dict[str, Tensor]:
        return dict(zip(self.method.modalities.names, rows, strict=True))


class _Junction(nn.Module):
    """Hands on what it is given. Its copies require gradients, whatever the parameters do."""

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        return tuple(value.detach().clone().requires_grad_() for value in values)


def single_input(modality: Modality, inputs: Mapping[str, Tensor]) -> Tensor:
    """One input as a batch of one `[1, *shape]`; zeros where it was not brought."""
    return inputs[modality.name].float()[None] if modality.name in inputs else torch.zeros(1, *modality.shape)
