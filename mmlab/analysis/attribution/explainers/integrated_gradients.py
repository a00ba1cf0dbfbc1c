"""Integrated gradients along the path from an uninformative baseline, through captum."""

from __future__ import annotations

from mmlab.analysis.attribution.input_model import AT_ONCE, InputAttributionModel, needs_numbers
from mmlab.analysis.attribution.registry import AttributionRequest, explainer
from mmlab.core.results import Attribution

STEPS = 32  # of the path


@explainer(
    "integrated",
    "Integrated gradients",
    "Gradients integrated on the path from a baseline to this input: they add up to the change of the score.",
    "Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017",
    slow=True,
)
def integrated_gradients(request: AttributionRequest) -> Attribution:
    """Integrated gradients from `plain` through captum. Raises Unsupported where a modality is made of words."""
    from captum.attr import IntegratedGradients

    needs_numbers(request.method)
    whole = InputAttributionModel(request, STEPS // AT_ONCE)
    found = IntegratedGradients(whole).attribute(
        whole.rows,
        baselines=whole.plain,
        additional_forward_args=(whole.present,),
        n_steps=STEPS,
        internal_batch_size=AT_ONCE * len(whole.combinations),
    )
    return whole.explained(found)
