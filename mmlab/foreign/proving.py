"""Verification of a trace before it is relied upon: replayed encoders, layers with gradient, embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from mmlab.core.modality import Modalities
from mmlab.foreign.calls import caught
from mmlab.foreign.cam_layers import INPUT, CamLayer, cam_layer_of, no_positions, read_cam_layer
from mmlab.foreign.inputs import Input
from mmlab.foreign.running import Runner
from mmlab.foreign.tracing import Seen, Trace
from mmlab.foreign.trees import same_numbers

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-6, torch.float16: 5e-3, torch.bfloat16: 3e-2}
MOST_COMBINATIONS = 64


@torch.no_grad()
def replay_is_exact(runner: Runner, modalities: Modalities, inputs: Mapping[str, Tensor], dtype: torch.dtype) -> bool:
    """Whether replayed encoders give what running everything gives: in every combination, and for mixed samples."""
    if not runner.encoders:
        return False
    rows = len(next(iter(inputs.values())))
    plain = replace(runner, encoders={})
    place = next(iter(inputs.values())).device
    try:
        pieces = runner.encode(inputs)
        if any(call not in pieces[name].calls for call, name in runner.encoders.items()):
            return False
        for combination in modalities.subsets()[-MOST_COMBINATIONS:]:
            mask = modalities.mask(combination, rows, place)
            if not _agree(runner, plain, pieces, inputs, mask, dtype):
                return False
        order = torch.arange(rows, device=place).roll(1)
        first = modalities.names[0]
        mixed = {**pieces, first: pieces[first].at(order)}
        values = {**inputs, first: inputs[first][order]}
        return _agree(
            runner, plain, mixed, values, torch.ones(rows, len(modalities), dtype=torch.bool, device=place), dtype
        )
    except Exception:  # whatever a foreign module does when it is replayed, it is run whole then
        return False


def _agree(
    runner: Runner, plain: Runner, pieces: Mapping, inputs: Mapping[str, Tensor], mask: Tensor, dtype: torch.dtype
) -> bool:
    one, other = runner.fuse(pieces, mask), plain.direct(inputs, mask)
    bound = TOLERANCE.get(dtype, 1e-5)
    return same_numbers(one.logits, other.logits, bound) and same_numbers(one.mean, other.mean, bound)


@torch.no_grad()
def embedding_of(runner: Runner, modalities: Modalities, inputs: Mapping[str, Tensor], wanted: str) -> tuple[str, str]:
    """The embedding's place, checked under every combination, and a note where the logits have to do."""
    if not wanted:
        return "", "No linear layer or convolution was found, so the logits stand for the embedding."
    place = next(iter(inputs.values())).device
    rows = len(next(iter(inputs.values())))
    widths = set()
    tried = replace(runner, embedding=wanted, encoders={})
    for combination in modalities.subsets()[-MOST_COMBINATIONS:]:
        mask = modalities.mask(combination, rows, place)
        answer = tried.direct(inputs, mask)
        plain = answer.logits.flatten(1) if answer.logits.dim() == 2 else None
        is_same = plain is not None and plain.shape == answer.mean.shape and torch.equal(plain, answer.mean)
        widths.add(0 if is_same else answer.mean.shape[1])
    if len(widths) > 1 or 0 in widths:
        path = wanted.partition(":")[0]
        why = f"What goes into '{path}' is not there in every combination, or not one row per sample"
        return "", f"{why}, so the logits stand for the embedding."
    return wanted, ""


def cam_layers_of(
    runner: Runner, modalities: Modalities, inputs: Mapping[str, Tensor], found: Trace, given: Mapping[str, Input]
) -> tuple[dict[str, CamLayer], list[str]]:
    """Where Grad-CAM looks for each modality, and notes on those that have no layer of their own.

    Raises DataError for a place that was named and gives no map.
    """
    wanted = {name: read_cam_layer(each.look, each.reshape) for name, each in given.items() if each.look}
    candidates: dict[str, list[CamLayer]] = {name: _candidates(found, modalities[name]) for name in modalities.names}
    chosen: dict[str, CamLayer] = {}
    notes = []
    named = [cam_layer for cam_layer in wanted.values() if cam_layer.call]
    every = [*named, *(cam_layer for name in modalities.names if name not in wanted for cam_layer in candidates[name])]
    reached = _reached(runner, inputs, every) if every else {}
    for name in modalities.names:
        if name in wanted:
            chosen[name] = _formed(wanted[name], found, modalities, name)
            continue
        there = [cam_layer for cam_layer in candidates[name] if reached.get(cam_layer.call, 0) > 1]
        chosen[name] = there[-1] if there else INPUT
        if not there:
            what = "it has no attribution map" if modalities[name].discrete else "gradient × input is shown instead"
            notes.append(
                f"Grad-CAM is not possible for {modalities[name].spoken}: no layer with positions and gradients "
                f"depends on this input alone, so {what}."
            )
    return chosen, notes


def _places(modality: object) -> tuple[int, ...]:
    shape: tuple[int, ...] = modality.shape  # type: ignore[attr-defined]
    return shape[1:] or shape


def _candidates(found: Trace, modality: object) -> list[CamLayer]:
    """Calls that see this modality alone and have places, in order; projections only where nothing else is."""
    name: str = modality.name  # type: ignore[attr-defined]
    alone = [each for each in found.calls if each.sees == {name} and each.rows]
    formed = [(each, cam_layer_of(each.call, each.layer, _places(modality))) for each in alone]
    cam_layers = [(each, cam_layer) for each, cam_layer in formed if cam_layer is not None]
    outer = [cam_layer for each, cam_layer in cam_layers if not each.layer.inner]
    return outer or [cam_layer for _, cam_layer in cam_layers]


def _formed(cam_layer: CamLayer, found: Trace, modalities: Modalities, name: str) -> CamLayer:
    if cam_layer.call is None or cam_layer.reshape is not None:
        return cam_layer
    seen: Seen | None = next((each for each in found.calls if each.call == cam_layer.call), None)
    if seen is None:
        return cam_layer
    formed = cam_layer_of(cam_layer.call, seen.layer, _places(modalities[name]))
    if formed is None:
        raise no_positions(cam_layer, seen.layer, name)
    return formed


def _reached(runner: Runner, inputs: Mapping[str, Tensor], cam_layers: list[CamLayer]) -> dict:
    """At how many places of each call there is gradient of the answers."""
    one = {name: value[:2] for name, value in inputs.items()}
    rows = len(next(iter(one.values())))
    present = torch.ones(rows, len(one), dtype=torch.bool, device=next(iter(one.values())).device)
    calls = [cam_layer.call for cam_layer in cam_layers if cam_layer.call]
    with torch.enable_grad(), caught(runner.module, calls, differentiate=True) as found:
        answer = replace(runner, encoders={}, embedding="").direct(_differentiable(one), present)
        total = runner.registration.output.score_of_answer(answer.logits).sum()
    if not total.requires_grad:
        return {}
    there = [call for call in calls if call in found]
    gradients = torch.autograd.grad(total, [found[call] for call in there], allow_unused=True)
    forms = {cam_layer.call: cam_layer for cam_layer in cam_layers}
    return {call: places_of(forms[call], g) for call, g in zip(there, gradients, strict=True) if g is not None}


def places_of(cam_layer: CamLayer, gradient: Tensor) -> int:
    """At how many places of one sample some gradient arrives."""
    try:
        maps = cam_layer.maps(gradient)
    except (RuntimeError, ValueError, IndexError):
        return 0
    if maps.dim() < 3:
        return 0
    return int((maps.abs().sum(1).flatten(1) > 0).sum(1).max())


def _differentiable(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone().requires_grad_() for name, value in inputs.items()}
