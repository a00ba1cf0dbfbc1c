"""Occlusion by overlapping windows, through captum."""

from __future__ import annotations

import math

import numpy as np
import torch

from mmlab.analysis.attribution.input_model import AT_ONCE, InputAttributionModel
from mmlab.analysis.attribution.registry import AttributionRequest, explainer
from mmlab.core.modality import Modality
from mmlab.core.results import Attribution

WINDOWS = {1: 8, 2: 7, 3: 4}  # how many windows fit side by side, by the number of axes


@explainer(
    "occlusion",
    "Occlusion",
    "The drop of the score when a window of an input is covered: slow, and independent of gradients.",
    "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
    slow=True,
)
def occlusion(request: AttributionRequest) -> Attribution:
    """Occlusion by overlapping windows through captum; `plain` covers them. Each window counts once in the shares."""
    from captum.attr import Occlusion

    windows = tuple(_window(modality) for modality in request.method.modalities)
    strides = tuple(tuple(max(1, side // 2) for side in window) for window in windows)
    sizes = [modality.shape for modality in request.method.modalities]
    count = sum(_count(*each) for each in zip(sizes, windows, strides, strict=True))
    whole = InputAttributionModel(request, 1 + -(-count // AT_ONCE))
    with torch.no_grad(), whole.place:  # captum makes a mask without saying where
        found = Occlusion(whole).attribute(
            whole.rows,
            sliding_window_shapes=windows,
            strides=strides,
            baselines=whole.plain,
            additional_forward_args=(whole.present,),
            perturbations_per_eval=AT_ONCE,
        )
    return whole.explained(found, [math.prod(window) for window in windows])


def _window(modality: Modality) -> tuple[int, ...]:
    """All channels, and a part of each other axis; of a text one word."""
    if modality.discrete:
        return (modality.shape[0], 1)
    places = modality.shape[1:] or modality.shape
    sides = tuple(-(-2 * side // (WINDOWS[min(len(places), 3)] + 1)) for side in places)
    return (modality.shape[0], *sides) if len(modality.shape) > 1 else sides


def _count(shape: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...]) -> int:
    steps = (-(-(size - side) // step) + 1 for size, side, step in zip(shape, window, stride, strict=True))
    return int(np.prod([max(1, each) for each in steps]))
