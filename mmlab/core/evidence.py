"""The input of Grad-CAM and its variants: activations and gradients, by modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Evidence:
    """Activations and gradients at the Grad-CAM layers, for a batch of rows.

    layers:    by modality, pairs of activation and gradient of the score, `[B, C, *places]` each; zeros where a row's
               pass did not go through the layer.
    scores:    `[B]`, what was differentiated.
    at_inputs: modalities without a layer of their own, whose activations are the inputs themselves.
    """

    layers: Mapping[str, Sequence[tuple[Tensor, Tensor]]]
    scores: Tensor
    at_inputs: frozenset[str] = frozenset()


def record_evidence(layers: Mapping[str, Sequence[nn.Module]], run: Callable[[], Tensor]) -> Evidence:
    """The evidence at the first call of each layer in one pass; `run` gives the scores `[B]`."""
    flat = list(dict.fromkeys(layer for each in layers.values() for layer in each))
    found: dict[nn.Module, Tensor] = {}

    def keep(layer: nn.Module, _: object, value: Tensor) -> Tensor:
        if layer in found:
            return value
        found[layer] = value if value.requires_grad else value.detach().requires_grad_()
        return found[layer].clone()  # what works in place afterwards does not change what was caught

    handles = [layer.register_forward_hook(keep) for layer in flat]
    try:
        with torch.enable_grad():
            scores = run()
    finally:
        for handle in handles:
            handle.remove()
    values = [found[layer] for layer in flat]
    gradients = torch.autograd.grad(scores.sum(), values, allow_unused=True, materialize_grads=True)
    pairs = {layer: (v.detach(), g) for layer, v, g in zip(flat, values, gradients, strict=True)}
    return Evidence({name: [pairs[layer] for layer in each] for name, each in layers.items()}, scores.detach())
