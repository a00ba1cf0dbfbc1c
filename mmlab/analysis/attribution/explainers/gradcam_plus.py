"""Grad-CAM++: the layers of Grad-CAM with different weights."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.analysis.attribution.layer_maps import weighed
from mmlab.analysis.attribution.registry import AT_LAYERS, AttributionRequest, explainer
from mmlab.core.results import Attribution


@explainer(
    "gradcam++",
    "Grad-CAM++",
    "As Grad-CAM, but each place of a map weighs in by how much it alone raises the score: better for several places.",
    "Chattopadhyay et al., Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks, WACV 2018",
    shares=AT_LAYERS,
)
def grad_cam_plus(request: AttributionRequest) -> Attribution:
    """Grad-CAM++ at `Method.cam_layers`: weights are sums over places of alpha x ReLU(gradient) (Eq. 19, 20).

    alpha = g^2 / (2 g^2 + sum(A) g^3), where the second and third derivatives of exp(score) are powers of g. Shares are
    those of Grad-CAM.
    """
    return weighed(request, plus)


def plus(value: Tensor, gradient: Tensor) -> Tensor:
    """Maps `[K, 1, *places]` from activations and gradients `[K, C, *places]`."""
    places = tuple(range(2, value.dim()))
    if not places:
        return (gradient * value).sum(1, keepdim=True)
    square = gradient**2
    below = 2 * square + value.sum(places, keepdim=True) * gradient**3
    alpha = torch.where(below != 0, square / torch.where(below != 0, below, 1.0), 0.0)
    weights = (alpha * gradient.relu()).sum(places, keepdim=True)
    return (weights * value).sum(1, keepdim=True)
