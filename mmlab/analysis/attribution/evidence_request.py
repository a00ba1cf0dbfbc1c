"""One sample under many combinations, explained through `Method.evidence`: for methods whose modules cannot be copied.

What a layer gives may depend on everything that is present, and one layer may serve several modalities, call by call.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import single_input
from mmlab.analysis.attribution.geometry import Tracing
from mmlab.analysis.attribution.registry import AttributionRequest

Weigh = Callable[[Tensor, Tensor], Tensor]  # activation and gradient `[K, C, *places]` to a map `[K, 1, *places]`


class EvidenceRequest:
    """The score of one sample under K combinations, `[K]`, with activations and gradients at each layer.

    Has what `mmlab.analysis.attribution.layer_maps` asks a `CaptumAdapter` for.
    """

    def __init__(self, request: AttributionRequest) -> None:
        method = request.method
        self.request, self.method, self.combinations = request, method, request.combinations
        self.present = method.modalities.masks(self.combinations, method.device)
        count = len(self.combinations)
        singles = {m.name: single_input(m, request.inputs).to(method.device) for m in method.modalities}
        rows = {name: single.expand(count, *single.shape[1:]).contiguous() for name, single in singles.items()}
        with Tracing(rows.values()) as traced:
            found = method.evidence(rows, self.present, request.score)
        self.score = found.scores
        self._at_inputs = found.at_inputs
        self.geometry = tuple(traced.of(value) for pairs in found.layers.values() for value, _ in pairs)
        self._layers = [(name, *pair) for name, pairs in found.layers.items() for pair in pairs]

    @property
    def products(self) -> list[Tensor]:
        """Gradient x activation of each layer: `[K, cells]` each."""
        return [(value * slope).flatten(1).cpu() for _, value, slope in self._layers]

    def sees(self, name: str) -> Tensor:
        """Which layer shows which row of a modality: bool `[layers, K]`; nothing where it is absent."""
        there = torch.tensor([name in combination for combination in self.combinations])
        return torch.stack([there & (owner == name) for owner, _, _ in self._layers])

    def maps(self, weigh: Weigh) -> tuple[Tensor, ...]:
        """A map per layer; at an input itself gradient x input, whose channels are no features to be weighed."""
        return tuple(
            product(value, slope) if owner in self._at_inputs else weigh(value, slope)
            for owner, value, slope in self._layers
        )


def product(value: Tensor, gradient: Tensor) -> Tensor:
    """Gradient x activation at each place, summed over channels: `[K, 1, *places]`."""
    return (value * gradient).sum(1, keepdim=True)


def averaged(value: Tensor, gradient: Tensor) -> Tensor:
    """Grad-CAM's own weights: the gradient averaged over places (Selvaraju et al., Eq. 1 and 2, before the ReLU)."""
    places = tuple(range(2, value.dim()))
    weights = gradient.mean(places, keepdim=True) if places else gradient
    return (weights * value).sum(1, keepdim=True)
