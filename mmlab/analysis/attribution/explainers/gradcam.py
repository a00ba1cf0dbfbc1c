"""Grad-CAM, in one captum call for all combinations and all modalities."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import CaptumAdapter
from mmlab.analysis.attribution.evidence_request import averaged
from mmlab.analysis.attribution.layer_maps import weighed
from mmlab.analysis.attribution.registry import AT_LAYERS, AttributionRequest, explainer
from mmlab.core.results import Attribution

UNUSED = {"allow_unused": True, "materialize_grads": True}  # a layer that an answer does not use has gradient zero


@explainer(
    "gradcam",
    "Grad-CAM",
    "The maps of the last convolutions, weighted by their mean gradient, positive part only.",
    "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017",
    shares=AT_LAYERS,
)
def grad_cam(request: AttributionRequest) -> Attribution:
    """Grad-CAM at `Method.cam_layers`, through captum, for every combination of one sample.

    Maps are cut at zero (the paper's ReLU), then brought to the places of the modality, each cell at the centre of what
    it sees (`mmlab.analysis.attribution.geometry`), and divided by the largest value that the modality reaches in any
    combination, so that combinations can be compared; modalities cannot. A vector has
    no places: its map is flat. Several layers of one modality add up.

    The share of a modality is the sum of |gradient x activation| over its layer, as a part of the sum over what is
    present. It does not change when a layer's output is scaled by s and the next layer's weights by 1/s, which
    leaves the model as it is: the gradient then shrinks by s as the activation grows, and the product stays. Norms
    of gradients or of activations alone would change. It does grow with the number of cells of a layer, and mixing the
    channels of a layer and unmixing them in the next one, which leaves the model as it is as well, moves it; the net
    effect |sum of gradient x activation| has neither fault. Where no gradient reaches any modality, shares are equal.

    Where a model answers scans in windows, each window weighs its maps by its own gradients of the score of the whole
    answer, so that a place outside all windows that see the region stays dark.
    """
    return weighed(request, averaged, _by_captum)


def _by_captum(adapter: CaptumAdapter) -> tuple[Tensor, ...]:
    """Grad-CAM's maps before the ReLU, `[K, 1, ...]` of each layer."""
    from captum.attr import LayerGradCam

    return _as_tuple(
        LayerGradCam(adapter, adapter.junction).attribute(
            adapter.rows, additional_forward_args=(adapter.present,), grad_kwargs=UNUSED
        )
    )


def _as_tuple(values: Tensor | tuple[Tensor, ...] | list[Any]) -> tuple[Tensor, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)
