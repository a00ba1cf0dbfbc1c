"""HiResCAM: the layers of Grad-CAM, with gradient × activation at each position."""

from __future__ import annotations

from mmlab.analysis.attribution.evidence_request import product
from mmlab.analysis.attribution.layer_maps import weighed
from mmlab.analysis.attribution.registry import AT_LAYERS, AttributionRequest, explainer
from mmlab.core.results import Attribution


@explainer(
    "hirescam",
    "HiResCAM",
    "Gradient × activation at each place of the last convolutions, without Grad-CAM's average over places: a place "
    "counts by what it does itself. Made for words, and fit for pictures.",
    "Draelos & Carin, Use HiResCAM instead of Grad-CAM for faithful explanations of CNNs, 2020",
    shares=AT_LAYERS,
)
def hires_cam(request: AttributionRequest) -> Attribution:
    """HiResCAM at `Method.cam_layers` (Eq. 5). Shares are those of Grad-CAM."""
    return weighed(request, product)
