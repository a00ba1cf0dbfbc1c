"""The kind of output as an object: classification, detection, multi-label classification, segmentation, regression.

A method is written once and asks its output for losses, uncertainties and metrics; no other code tests for kinds.
Logits are `[B, C]` for classes and labels, `[B, 1]` for a number and `[B, R, H, W]` for regions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmlab.core.errors import TaskMismatch
from mmlab.core.outputs.base import Output
from mmlab.core.outputs.classification import Classification
from mmlab.core.outputs.detection import Detection
from mmlab.core.outputs.multilabel import Multilabel
from mmlab.core.outputs.prediction import Prediction
from mmlab.core.outputs.regression import Regression
from mmlab.core.outputs.segmentation import Segmentation
from mmlab.core.outputs.semantic_segmentation import SemanticSegmentation

__all__ = [
    "ALL_KINDS",
    "OUTPUTS",
    "Classification",
    "Detection",
    "Multilabel",
    "Output",
    "Prediction",
    "Regression",
    "Segmentation",
    "SemanticSegmentation",
    "output_from_card",
]

OUTPUTS: dict[str, type[Output]] = {
    output.kind: output for output in (Classification, Detection, Multilabel, Regression, Segmentation)
}
ALL_KINDS = frozenset(OUTPUTS)


def output_from_card(card: Mapping[str, Any]) -> Output:
    """The output that `Output.card` described. Raises TaskMismatch for an unknown kind."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in card.items()}
    kind = fields.pop("kind", None)
    if kind not in OUTPUTS:
        raise TaskMismatch(f"Unknown kind of output '{kind}'.", f"There are: {', '.join(OUTPUTS)}.")
    try:
        return OUTPUTS[kind].from_card(fields)
    except TypeError as error:
        raise TaskMismatch(f"The card's output '{kind}' is incomplete.", "Train the model again.") from error
