"""Where a model looks: attribution maps per modality for every combination of one sample, and shares per modality.

Captum is asked once for all combinations and all modalities (`mmlab.analysis.attribution.captum_wrapper`). An
explainer is one function with the decorator `explainer`; Grad-CAM is here, the others are in
`mmlab.analysis.attribution.input_attribution`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import CaptumAdapter
from mmlab.analysis.attribution.evidence_question import EvidenceQuestion, averaged
from mmlab.analysis.attribution.geometry import on_places
from mmlab.analysis.attribution.registry import ProgressCallback, by_combination, explainer
from mmlab.core.method import Method
from mmlab.core.modality import Combination, Modality
from mmlab.core.results import Attribution


@explainer(
    "gradcam",
    "Grad-CAM",
    "The maps of the last convolutions, weighted by their mean gradient, positive part only.",
    "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017",
)
def grad_cam(
    method: Method,
    inputs: Mapping[str, Tensor],
    combinations: Sequence[Combination],
    target: int,
    tell: ProgressCallback | None = None,
) -> Attribution:
    """Grad-CAM at `Method.cam_layers`, through captum, for every combination of one sample.

    Maps are cut at zero (the paper's ReLU), then brought to the places of the modality, each cell at the centre of what
    it sees (`mmlab.analysis.attribution.geometry`), and divided by the largest value that the modality reaches in any
    combination, so that combinations can be compared; modalities cannot, that is what the shares are for. A vector has
    no places: its map is flat. Several layers of one modality add up.

    The share of a modality is the sum of |gradient x activation| over its layer, as a part of the sum over what is
    present. It does not change when a layer's output is scaled by s and the next layer's weights by 1/s, which
    leaves the model as it is: the gradient then shrinks by s as the activation grows, and the product stays. Norms
    of gradients or of activations alone would change. Where no gradient reaches any modality, shares are equal.
    """
    from captum.attr import LayerGradCam

    if method.one_at_a_time:
        asked = EvidenceQuestion(method, inputs, combinations, target)
        return from_layers(asked, asked.maps(averaged))
    question = CaptumAdapter(method, inputs, combinations, target)
    maps = LayerGradCam(question, question.junction).attribute(
        question.rows, additional_forward_args=(question.present,), grad_kwargs=UNUSED
    )
    return from_layers(question, _as_tuple(maps))


UNUSED = {"allow_unused": True, "materialize_grads": True}  # a layer that an answer does not use has gradient zero


def from_layers(question: CaptumAdapter | EvidenceQuestion, maps: tuple[Tensor, ...]) -> Attribution:
    """What raw maps `[K, 1, ...]` of the layers say, with the shares of |gradient x activation|."""
    keys = [combination.key for combination in question.combinations]
    return Attribution(
        maps=by_combination(keys, {m.name: _map(question, m, maps) for m in question.method.modalities}),
        shares=_shares(question, question.evidence),
        score=dict(zip(keys, question.score.tolist(), strict=True)),
        target=question.target,
    )


def _map(
    question: CaptumAdapter | EvidenceQuestion, modality: Modality, maps: tuple[Tensor, ...]
) -> NDArray[np.float32]:
    """`[K, *places]` in [0, 1]."""
    places = modality.shape[1:] or modality.shape
    total = torch.zeros(len(question.combinations), *places)
    for each, geometry, sees in zip(maps, question.geometry, question.sees(modality.name), strict=True):
        if not sees.any():
            continue
        raw = each.detach().cpu().float()
        raw = raw if raw.dim() > 2 else raw[..., None]
        large = on_places(raw[:, 0].relu(), places, geometry if len(raw.shape) - 2 == len(places) else None)
        total += torch.where(sees.view(-1, *([1] * len(places))), large, 0.0)
    return (total / total.max().clamp(min=1e-12)).numpy()


def _shares(question: CaptumAdapter | EvidenceQuestion, evidence: Tensor) -> dict[str, dict[str, float]]:
    """Parts of the evidence `[layers, K]` that came through each modality, by combination."""
    names = question.method.modalities.names
    by_name = torch.stack([torch.where(question.sees(name), evidence, 0.0).sum(0) for name in names])
    present = question.present.T.cpu().float()
    total = by_name.sum(0)
    shares = torch.where(total > 0, by_name / total.clamp(min=1e-30), present / present.sum(0))
    return {
        combination.key: dict(zip(names, shares[:, row].tolist(), strict=True))
        for row, combination in enumerate(question.combinations)
    }


def _as_tuple(values: Tensor | tuple[Tensor, ...] | list[Any]) -> tuple[Tensor, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)
