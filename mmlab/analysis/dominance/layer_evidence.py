"""Where a model's gradients come from: the share of each modality in what reaches the Grad-CAM layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.input_swapping import ProgressCallback, no_progress
from mmlab.analysis.base.model_twin import twin
from mmlab.core.batch import Samples
from mmlab.core.method import Method
from mmlab.inference.windows import answered, at_once, windows_of

Score = Callable[[Tensor], Tensor]


class LayerEvidence(NamedTuple):
    """Shares of each modality, `[n, M]` each: in |gradient x activation|, in the positive Grad-CAM map, and in the net
    effects |sum of gradient x activation|. The first two grow with the number of cells that a modality has there."""

    gradient: Numbers
    cam: Numbers
    net: Numbers


def evidence_shares(method: Method, samples: Samples, tell: ProgressCallback = no_progress) -> LayerEvidence:
    """What reaches the layers Grad-CAM looks at through each modality, on complete input.

    All at `Method.cam_layers`, for the score of the right class, the number, or all regions. Where nothing reaches any
    modality, the shares are equal. Gradient x activation does not change when a layer's output is scaled by s and
    the next layer's weights by 1/s, which leaves the model as it is; norms of either alone would.
    """
    copied = twin(method)
    step = at_once(method.info, 64, 8)
    parts = []
    for start in range(0, len(samples), step):
        parts.append(_evidence(copied, samples.batch(range(start, min(start + step, len(samples))))))
        tell(min(1.0, (start + step) / len(samples)))
    gradient, cam, net = (np.concatenate(each) for each in zip(*parts, strict=True))
    return LayerEvidence(_shares(gradient), _shares(cam), _shares(np.abs(net)))


def _evidence(method: Method, batch: Any) -> tuple[Numbers, ...]:
    """Sums `[B, M]` of |gradient x activation|, of the positive Grad-CAM map, and of gradient x activation; over the
    windows, where scans are answered in some."""
    place = method.device
    inputs = {name: value.to(place) for name, value in batch.inputs.items()}
    target = batch.target.to(place)
    mask = method.modalities.mask(method.modalities.full, len(batch), place)

    def score(logits: Tensor) -> Tensor:
        return method.output.score_of_truth(logits, target)

    if not method.info.has_windows:
        return _of_layers(method, inputs, mask, score)
    with torch.no_grad():
        logits = answered(method, inputs, mask).logits
    parts = (window for window in windows_of(method.info, inputs, logits, score) if window.weights.any())
    found = [_of_layers(method, window.inputs, mask, window.score) for window in parts]
    return tuple(np.sum(each, 0) for each in zip(*found, strict=True))


def _of_layers(method: Method, inputs: Mapping[str, Tensor], mask: Tensor, score: Score) -> tuple[Numbers, ...]:
    found = method.evidence(inputs, mask, score)
    sums = {name: [_sums(*pair) for pair in found.layers[name]] for name in method.modalities.names}
    nothing = (np.zeros(len(mask)),) * 3
    return tuple(np.stack([sum(of[k] for of in each or [nothing]) for each in sums.values()], 1) for k in range(3))


def _sums(value: Tensor, gradient: Tensor) -> tuple[Numbers, ...]:
    product = (value * gradient).flatten(1)
    places = tuple(range(2, value.dim()))
    weights = gradient.mean(places, keepdim=True) if places else gradient
    positive = (weights * value).sum(1).relu().flatten(1).sum(1) if places else (weights * value).sum(1).relu()
    return tuple(each.double().cpu().numpy() for each in (product.abs().sum(1), positive, product.sum(1)))


def _shares(values: Numbers) -> Numbers:
    total = values.sum(1, keepdims=True)
    return np.where(total > 0, values / np.maximum(total, 1e-30), 1 / values.shape[1])
