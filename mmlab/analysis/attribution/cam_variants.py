"""Grad-CAM++ and HiResCAM: the same layers as Grad-CAM, other weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import CaptumAdapter
from mmlab.analysis.attribution.evidence_question import EvidenceQuestion, Weigh, product
from mmlab.analysis.attribution.gradcam import from_layers
from mmlab.analysis.attribution.registry import ProgressCallback, explainer
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.results import Attribution


@explainer(
    "gradcam++",
    "Grad-CAM++",
    "As Grad-CAM, but each place of a map weighs in by how much it alone raises the score: better for several places.",
    "Chattopadhyay et al., Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks, WACV 2018",
)
def grad_cam_plus(
    method: Method,
    inputs: Mapping[str, Tensor],
    combinations: Sequence[Combination],
    target: int,
    tell: ProgressCallback | None = None,
) -> Attribution:
    """Grad-CAM++ at `Method.cam_layers`: weights are sums over places of alpha x ReLU(gradient) (Eq. 19, 20).

    alpha = g^2 / (2 g^2 + sum(A) g^3), where the second and third derivatives of exp(score) are powers of g. Shares are
    those of Grad-CAM.
    """
    return _weighed(method, inputs, combinations, target, _plus)


def _plus(value: Tensor, gradient: Tensor) -> Tensor:
    places = tuple(range(2, value.dim()))
    if not places:
        return (gradient * value).sum(1, keepdim=True)
    square = gradient**2
    below = 2 * square + value.sum(places, keepdim=True) * gradient**3
    alpha = torch.where(below.abs() > 1e-12, square / torch.where(below.abs() > 1e-12, below, 1.0), 0.0)
    weights = (alpha * gradient.relu()).sum(places, keepdim=True)
    return (weights * value).sum(1, keepdim=True)


@explainer(
    "hirescam",
    "HiResCAM",
    "Gradient × activation at each place of the last convolutions, without Grad-CAM's average over places: a place "
    "counts by what it does itself. Made for words, and fit for pictures.",
    "Draelos & Carin, Use HiResCAM instead of Grad-CAM for faithful explanations of CNNs, 2020",
)
def hires_cam(
    method: Method,
    inputs: Mapping[str, Tensor],
    combinations: Sequence[Combination],
    target: int,
    tell: ProgressCallback | None = None,
) -> Attribution:
    """HiResCAM at `Method.cam_layers` (Eq. 5). Shares are those of Grad-CAM."""
    return _weighed(method, inputs, combinations, target, product)


def _weighed(
    method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination], target: int, weigh: Weigh
) -> Attribution:
    if method.one_at_a_time:
        asked = EvidenceQuestion(method, inputs, combinations, target)
        return from_layers(asked, asked.maps(weigh))
    question = CaptumAdapter(method, inputs, combinations, target)
    kept, gradients = _at_layers(question)
    return from_layers(question, tuple(weigh(value, slope) for value, slope in zip(kept, gradients, strict=True)))


def _at_layers(question: CaptumAdapter) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The activations `[K, C, ...]` of the layers, and the gradients of the score there."""
    kept: list[tuple[Tensor, ...]] = []
    handle = question.junction.register_forward_hook(lambda _, __, value: kept.append(value))
    with torch.enable_grad():
        score = question(*question.rows, question.present)
    handle.remove()
    gradients = torch.autograd.grad(score.sum(), kept[0], allow_unused=True, materialize_grads=True)
    return tuple(value.detach() for value in kept[0]), gradients
