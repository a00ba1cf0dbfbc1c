"""From raw layer maps to an attribution: the part that class activation maps (Grad-CAM and its variants) share.

An explainer of layers says how activations and gradients become a map, `Weigh`; where the cells lie on the input and
how much each modality contributes is the same for all of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import CaptumAdapter
from mmlab.analysis.attribution.evidence_question import EvidenceQuestion, Weigh
from mmlab.analysis.attribution.geometry import on_places
from mmlab.analysis.attribution.registry import Question, by_combination
from mmlab.core.modality import Modality
from mmlab.core.results import Attribution
from mmlab.core.spans import divisor


def weighed(question: Question, weigh: Weigh) -> Attribution:
    """The attribution at `Method.cam_layers` whose maps are `weigh(activation, gradient)` of each layer."""
    if question.method.one_at_a_time:
        asked = EvidenceQuestion(question)
        return from_layers(asked, asked.maps(weigh))
    adapter = CaptumAdapter(question)
    kept, gradients = _at_layers(adapter)
    return from_layers(adapter, tuple(weigh(value, slope) for value, slope in zip(kept, gradients, strict=True)))


def _at_layers(question: CaptumAdapter) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The activations `[K, C, ...]` of the layers, and the gradients of the score there."""
    kept: list[tuple[Tensor, ...]] = []
    handle = question.junction.register_forward_hook(lambda _, __, value: kept.append(value))
    with torch.enable_grad():
        score = question(*question.rows, question.present)
    handle.remove()
    gradients = torch.autograd.grad(score.sum(), kept[0], allow_unused=True, materialize_grads=True)
    return tuple(value.detach() for value in kept[0]), gradients


def from_layers(question: CaptumAdapter | EvidenceQuestion, maps: tuple[Tensor, ...]) -> Attribution:
    """What raw maps `[K, 1, ...]` of the layers say, with the shares of gradient x activation, by size and net."""
    products = question.products
    keys = [combination.key for combination in question.combinations]
    return Attribution(
        maps=by_combination(keys, {m.name: _map(question, m, maps) for m in question.method.modalities}),
        shares=_shares(question, torch.stack([product.abs().sum(1) for product in products])),
        score=dict(zip(keys, question.score.tolist(), strict=True)),
        target=question.target,
        net=_shares(question, torch.stack([product.sum(1) for product in products])),
        cells=_cells(question, products),
    )


def _map(
    question: CaptumAdapter | EvidenceQuestion, modality: Modality, maps: tuple[Tensor, ...]
) -> NDArray[np.float32]:
    """`[K, *places]` in [0, 1]."""
    places = modality.shape[1:] or modality.shape
    total = torch.zeros(len(question.combinations), *places, device="cpu")  # the maps are fetched one by one
    for each, geometry, sees in zip(maps, question.geometry, question.sees(modality.name), strict=True):
        if not sees.any():
            continue
        raw = each.detach().cpu().float()
        raw = raw if raw.dim() > 2 else raw[..., None]
        large = on_places(raw[:, 0].relu(), places, geometry if len(raw.shape) - 2 == len(places) else None)
        total += torch.where(sees.view(-1, *([1] * len(places))), large, 0.0)
    return (total / divisor(float(total.max()))).numpy()


def _shares(question: CaptumAdapter | EvidenceQuestion, evidence: Tensor) -> dict[str, dict[str, float]]:
    """Parts of the evidence `[layers, K]` that came through each modality, without signs, by combination."""
    names = question.method.modalities.names
    by_name = torch.stack([torch.where(question.sees(name), evidence, 0.0).sum(0).abs() for name in names])
    present = question.present.T.cpu().float()
    total = by_name.sum(0)
    shares = torch.where(total > 0, by_name / total.clamp(min=1e-30), present / present.sum(0))
    return {
        combination.key: dict(zip(names, shares[:, row].tolist(), strict=True))
        for row, combination in enumerate(question.combinations)
    }


def _cells(question: CaptumAdapter | EvidenceQuestion, products: list[Tensor]) -> dict[str, int]:
    """How many numbers were added up for each modality, where most of it is there."""
    sizes = torch.tensor([product.shape[1] for product in products])
    seen = {name: (question.sees(name) * sizes[:, None]).sum(0) for name in question.method.modalities.names}
    return {name: int(each.max()) for name, each in seen.items()}
