"""From raw layer maps to an attribution: the part that class activation maps (Grad-CAM and its variants) share.

An explainer of layers says how activations and gradients become a map, `Weigh`; where the cells lie on the input and
how much each modality contributes is the same for all of them. Where a model answers scans in windows, it is asked
window by window what each contributes to the score of the whole answer, and what is found adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import CaptumAdapter, single_input
from mmlab.analysis.attribution.evidence_request import EvidenceRequest, Weigh
from mmlab.analysis.attribution.geometry import on_places
from mmlab.analysis.attribution.registry import AttributionRequest, by_combination
from mmlab.core.results import Attribution
from mmlab.core.spans import divisor
from mmlab.inference.sweep import fuse_all
from mmlab.inference.windows import in_groups, part_of, windows_of

RawMaps = Callable[[CaptumAdapter], tuple[Tensor, ...]]


@dataclass(frozen=True)
class LayerSums:
    """What the layers say of one sample under K combinations.

    maps: by modality `[K, *places]`; size, net: sums of |gradient x activation| and of gradient x activation `[M, K]`;
    cells: by modality, how many numbers were added up, where most of it is there; score: `[K]`.
    """

    maps: dict[str, Tensor]
    size: Tensor
    net: Tensor
    cells: dict[str, int]
    score: Tensor


def weighed(request: AttributionRequest, weigh: Weigh, raw: RawMaps | None = None) -> Attribution:
    """The attribution at `Method.cam_layers` whose maps are `weigh(activation, gradient)` of each layer.

    raw: another way to the same maps `[K, 1, ...]`, where modules can be copied.
    """
    info = request.method.info
    if not info.has_windows:
        return _attribution(request, _at_layers(request, weigh, raw))
    groups = (replace(request, combinations=tuple(some)) for some in in_groups(info, request.combinations))
    return _attribution(request, _side_by_side([_in_windows(group, weigh, raw) for group in groups]))


def _in_windows(request: AttributionRequest, weigh: Weigh, raw: RawMaps | None) -> LayerSums:
    """The sums over all windows that have a part in the score."""
    method = request.method
    inputs = {modality.name: single_input(modality, request.inputs).to(method.device) for modality in method.modalities}
    logits = torch.cat([each.logits.float() for each in fuse_all(method, inputs, request.combinations)])
    total: LayerSums | None = None
    for window in windows_of(method.info, inputs, logits, request.score):
        if window.weights.any():
            rows = {name: value[0] for name, value in window.inputs.items()}
            part = _at_layers(replace(request, inputs=rows, window=window), weigh, raw)
            total = _with(total, part, window.where, method.info.places)
    assert total is not None  # a score depends on some of its logits
    return replace(total, score=request.score(logits).cpu())


def _with(total: LayerSums | None, part: LayerSums, where: tuple[slice, ...], places: Sequence[int]) -> LayerSums:
    """What was added up so far, and one window more, whose maps lie there."""
    if total is None:
        maps = {name: torch.zeros(len(each), *places) for name, each in part.maps.items()}
        total = replace(part, maps=maps, size=0 * part.size, net=0 * part.net, cells=dict.fromkeys(part.cells, 0))
    for name, each in part.maps.items():
        there = part_of(total.maps[name], where)
        there += each
    cells = {name: count + part.cells[name] for name, count in total.cells.items()}
    return replace(total, size=total.size + part.size, net=total.net + part.net, cells=cells)


def _side_by_side(groups: Sequence[LayerSums]) -> LayerSums:
    """The sums of all combinations, group after group."""
    names = groups[0].maps
    return LayerSums(
        {name: torch.cat([each.maps[name] for each in groups]) for name in names},
        torch.cat([each.size for each in groups], 1),
        torch.cat([each.net for each in groups], 1),
        {name: max(each.cells[name] for each in groups) for name in names},
        torch.cat([each.score for each in groups]),
    )


def _at_layers(request: AttributionRequest, weigh: Weigh, raw: RawMaps | None) -> LayerSums:
    if request.method.one_at_a_time:
        asked = EvidenceRequest(request)
        return _sums(asked, asked.maps(weigh))
    adapter = CaptumAdapter(request)
    return _sums(adapter, _weighed(adapter, weigh) if raw is None else raw(adapter))


def _weighed(request: CaptumAdapter, weigh: Weigh) -> tuple[Tensor, ...]:
    """Maps from the activations `[K, C, ...]` of the layers, and the gradients of the score there."""
    kept: list[tuple[Tensor, ...]] = []
    handle = request.junction.register_forward_hook(lambda _, __, value: kept.append(value))
    with torch.enable_grad():
        score = request(*request.rows, request.present)
    handle.remove()
    gradients = torch.autograd.grad(score.sum(), kept[0], allow_unused=True, materialize_grads=True)
    return tuple(weigh(value.detach(), slope) for value, slope in zip(kept[0], gradients, strict=True))


def _sums(request: CaptumAdapter | EvidenceRequest, maps: tuple[Tensor, ...]) -> LayerSums:
    """What raw maps `[K, 1, ...]` of the layers say, with the sums of gradient x activation, by size and net."""
    products, names = request.products, request.method.modalities.names
    return LayerSums(
        {name: _map(request, name, maps) for name in names},
        _by_modality(request, torch.stack([product.abs().sum(1) for product in products])),
        _by_modality(request, torch.stack([product.sum(1) for product in products])),
        _cells(request, products),
        request.score.cpu(),
    )


def _map(request: CaptumAdapter | EvidenceRequest, name: str, maps: tuple[Tensor, ...]) -> Tensor:
    """`[K, *places]`, what speaks against the answer cut off."""
    shape = single_input(request.method.modalities[name], request.request.inputs).shape[1:]
    places = shape[1:] or shape
    total = torch.zeros(len(request.combinations), *places, device="cpu")  # the maps are fetched one by one
    for each, geometry, sees in zip(maps, request.geometry, request.sees(name), strict=True):
        if not sees.any():
            continue
        value = each.detach().cpu().float()
        value = value if value.dim() > 2 else value[..., None]
        large = on_places(value[:, 0].relu(), places, geometry if len(value.shape) - 2 == len(places) else None)
        total += torch.where(sees.view(-1, *([1] * len(places))), large, 0.0)
    return total


def _by_modality(request: CaptumAdapter | EvidenceRequest, evidence: Tensor) -> Tensor:
    """Of the evidence `[layers, K]` what came through each modality, `[M, K]`."""
    names: Iterable[str] = request.method.modalities.names
    return torch.stack([torch.where(request.sees(name), evidence, 0.0).sum(0) for name in names])


def _cells(request: CaptumAdapter | EvidenceRequest, products: list[Tensor]) -> dict[str, int]:
    """How many numbers were added up for each modality, where most of it is there."""
    sizes = torch.tensor([product.shape[1] for product in products])
    seen = {name: (request.sees(name) * sizes[:, None]).sum(0) for name in request.method.modalities.names}
    return {name: int(each.max()) for name, each in seen.items()}


def _attribution(request: AttributionRequest, found: LayerSums) -> Attribution:
    """The maps in [0, 1], each divided by its largest value in any combination, and the shares of the modalities."""
    keys = [combination.key for combination in request.combinations]
    scaled = {name: (each / divisor(float(each.max()))).numpy() for name, each in found.maps.items()}
    return Attribution(
        maps=by_combination(keys, scaled),
        shares=_shares(request, found.size),
        score=dict(zip(keys, found.score.tolist(), strict=True)),
        target=request.target,
        net=_shares(request, found.net),
        cells=found.cells,
    )


def _shares(request: AttributionRequest, evidence: Tensor) -> dict[str, dict[str, float]]:
    """Parts of the evidence `[M, K]` that came through each modality, without signs, by combination."""
    modalities = request.method.modalities
    by_name = evidence.abs()
    present = modalities.masks(request.combinations, torch.device("cpu")).T.float()
    total = by_name.sum(0)
    shares = torch.where(total > 0, by_name / total.clamp(min=1e-30), present / present.sum(0))
    return {
        combination.key: dict(zip(modalities.names, shares[:, row].tolist(), strict=True))
        for row, combination in enumerate(request.combinations)
    }
