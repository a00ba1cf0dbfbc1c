"""The structure of a module, found by running it: which calls depend on one modality alone, and where the embedding is.

The module runs once; then one modality at a time is exchanged for another sample's, and the calls whose results change
are those that see it. The outermost ones that see a single modality are its encoders. They are replayed only where
that was proved to give what running everything gives, in every combination.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.foreign.calling import Caller
from mmlab.foreign.calls import Call, watched
from mmlab.foreign.cam_layers import Layer, layer_of
from mmlab.foreign.trees import by_row, tensors

SAMPLES = 3
LINEAR = (nn.Linear, nn.modules.conv._ConvNd)


@dataclass(frozen=True)
class Seen:
    """One call: the modalities whose content changes it, the call around it, and what it is."""

    call: Call
    around: Call | None
    sees: frozenset[str]
    layer: Layer
    rows: bool
    learned: bool


@dataclass
class Trace:
    """What running showed. calls: in the order in which they ended; encoders: the modality of each, whether replayed
    or not; replay: whether replaying them was proved; embedding: the module whose input it is; bytes: what one sample's
    largest result takes; notes: sentences for the person.
    """

    calls: list[Seen] = field(default_factory=list)
    encoders: dict[Call, str] = field(default_factory=dict)
    replay: bool = False
    embedding: str = ""
    bytes: int = 0
    notes: list[str] = field(default_factory=list)


def trace(module: nn.Module, caller: Caller, inputs: Mapping[str, Tensor]) -> Trace:
    """Run `module` on a few complete samples `[B, *shape]` and say what it is made of."""
    rows = len(next(iter(inputs.values())))
    base = _marks(module, caller, inputs)
    again = _marks(module, caller, inputs)
    sees: dict[Call, set[str]] = {call: set() for call in base.marks}
    for name in caller.names:
        other = _marks(module, caller, {**inputs, name: _exchanged(inputs[name])})
        for call, marks in base.marks.items():
            noise = _distance(marks, again.marks.get(call, []))
            if _distance(marks, other.marks.get(call, [])) > 4 * noise + 1e-9 * _size(marks):
                sees[call].add(name)
    calls = [
        Seen(call, base.around[call], frozenset(sees[call]), base.layers[call], base.rows[call], base.learned[call])
        for call in base.marks
    ]
    found = Trace(calls, bytes=base.largest // max(rows, 1))
    found.encoders = _encoders(calls)
    found.embedding = _embedding(calls, module)
    return found


@dataclass
class _Pass:
    marks: dict[Call, list[Tensor]] = field(default_factory=dict)
    around: dict[Call, Call | None] = field(default_factory=dict)
    layers: dict[Call, Layer] = field(default_factory=dict)
    rows: dict[Call, bool] = field(default_factory=dict)
    learned: dict[Call, bool] = field(default_factory=dict)
    largest: int = 0


@torch.no_grad()
def _marks(module: nn.Module, caller: Caller, inputs: Mapping[str, Tensor]) -> _Pass:
    """Of every call what tells its result from another one: too much is returned to be kept."""
    found = _Pass()
    rows = len(next(iter(inputs.values())))
    last: list[nn.Module] = []

    def seen(call: Call, around: Call | None, each: nn.Module, value: Any) -> None:
        if not any(True for _ in each.children()):
            last.append(each)
        every = tensors(value)
        found.marks[call] = [_mark(tensor) for tensor in every]
        found.around[call] = around
        found.layers[call] = layer_of(each, value, last)
        found.rows[call] = by_row(value, rows)
        found.learned[call] = any(True for _ in each.parameters())
        found.largest = max(found.largest, sum(tensor.numel() * tensor.element_size() for tensor in every))

    present = torch.ones(rows, len(caller.names), dtype=torch.bool, device=next(iter(inputs.values())).device)
    with watched(module, seen):
        caller.run(module, inputs, present, frozenset())
    return found


def _mark(tensor: Tensor) -> Tensor:
    """A few numbers that change when any number of it does."""
    flat = tensor.detach().double().flatten()
    if not len(flat):
        return torch.zeros(2)
    wave = torch.sin(torch.arange(len(flat), device=flat.device, dtype=torch.float64) * 0.7311 + 0.3)
    return torch.stack([flat @ wave, flat.abs().sum()]).nan_to_num().cpu()


def _distance(one: list[Tensor], other: list[Tensor]) -> float:
    if len(one) != len(other):
        return float("inf")
    return max((float((a - b).abs().max()) for a, b in zip(one, other, strict=True)), default=0.0)


def _size(marks: list[Tensor]) -> float:
    return max((float(mark.abs().max()) for mark in marks), default=0.0)


def _exchanged(values: Tensor) -> Tensor:
    """Each sample with another's content; with something else where they are all alike."""
    other = values.roll(1, 0)
    if len(values) > 1 and bool((other != values).flatten(1).any(1).all()):
        return other
    whole = bool((values == values.round()).all())
    return (
        values.flip(-1) * 0.5 + 0.25
        if not whole
        else (values.roll(1, -1) if values.shape[-1] > 1 else (values == 0).float())
    )


def _encoders(calls: list[Seen]) -> dict[Call, str]:
    """The outermost calls that see one modality alone, have parameters, and keep one row per sample."""
    sees = {each.call: each.sees for each in calls}
    return {
        each.call: next(iter(each.sees))
        for each in calls
        if len(each.sees) == 1
        and each.rows
        and each.learned
        and (each.around is None or len(sees.get(each.around, frozenset())) != 1)
    }


def _embedding(calls: list[Seen], module: nn.Module) -> str:
    """The last linear layer or convolution, of those that see the most modalities; empty where there is none."""
    below = dict(module.named_modules())
    linear = [each for each in calls if isinstance(below.get(each.call.path), LINEAR)]
    if not linear:
        return ""
    most = max(len(each.sees) for each in linear)
    return [each for each in linear if len(each.sees) == most][-1].call.path
