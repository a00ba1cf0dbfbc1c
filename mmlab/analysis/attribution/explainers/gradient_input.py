"""Gradient × input, through captum."""

from __future__ import annotations

from mmlab.analysis.attribution.input_model import InputAttributionModel, needs_numbers
from mmlab.analysis.attribution.registry import AttributionRequest, explainer
from mmlab.core.results import Attribution


@explainer(
    "gradient_input",
    "Gradient × input",
    "The gradient of the score times the input: fine-grained, and noisy.",
    "Shrikumar et al., Not Just a Black Box: Learning Important Features Through Propagating Activation "
    "Differences, 2016",
)
def gradient_input(request: AttributionRequest) -> Attribution:
    """Gradient x input through captum. Raises Unsupported where a modality is made of words."""
    from captum.attr import InputXGradient

    needs_numbers(request.method)
    whole = InputAttributionModel(request, 1)
    rows = tuple(row.clone().requires_grad_() for row in whole.rows)
    found = InputXGradient(whole).attribute(rows, additional_forward_args=(whole.present,))
    return whole.explained(found)
