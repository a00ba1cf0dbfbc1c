"""Calls a module: its arguments from one tensor per modality, with replacements for absent inputs.

Values stand in row by row. Where an absent argument is None or left out, rows are grouped by what is absent, and each
group is a call of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import torch
from torch import Tensor, nn

from mmlab.core.errors import DataError
from mmlab.foreign.inputs import ROWS_APART, Input
from mmlab.foreign.packing import Packing, as_tensor
from mmlab.foreign.registration import Registration

DONORS = 16


@dataclass(frozen=True)
class Fill:
    """What stands in for an absent modality: a bank `[F, *shape]`, one row for all, or several donors.

    apart: by key, "none" or "drop", where the call itself changes.
    """

    bank: Tensor
    apart: Mapping[str, str] = field(default_factory=dict)

    def rows(self, values: Tensor) -> Tensor:
        """For each row of `[B, *shape]` which row of the bank stands in: the same for the same content."""
        if len(self.bank) == 1:
            return torch.zeros(len(values), dtype=torch.long, device=values.device)
        sums = [crc32(row.numpy().tobytes()) % len(self.bank) for row in values.detach().float().cpu().contiguous()]
        return torch.tensor(sums, device=values.device)


def fill_of(given: Input, default: Any, packing: Packing, seen: Tensor, mean: Callable[[], Tensor]) -> Fill:
    """What stands in for one modality. seen: some samples of it `[n, *shape]`; mean: of many. Raises DataError."""
    wanted = default if given.absent is None else given.absent
    ways = {p.key: wanted.get(p.key, "zeros") if isinstance(wanted, Mapping) else wanted for p in packing.parts}
    apart = {key: way for key, way in ways.items() if isinstance(way, str) and way in ROWS_APART}
    if apart and packing.channels:
        raise DataError(f"'{packing.name}' is a plane of a tensor, and cannot be left out.", 'Use absent="zeros".')
    if "donor" in [way for way in ways.values() if isinstance(way, str)]:
        return Fill(seen[:DONORS].clone(), apart)
    if "mean" in [way for way in ways.values() if isinstance(way, str)]:
        seen = mean()[None]
    if packing.channels:
        return Fill(_plane(ways[packing.parts[0].key], seen, packing)[None])
    stand_in = {part.key: _value(ways[part.key], packing.unpack(seen)[part.key], part.key) for part in packing.parts}
    packed = packing.pack(stand_in)
    assert packed is not None
    return Fill(packed[None], apart)


def _plane(way: Any, seen: Tensor, packing: Packing) -> Tensor:
    value = _value(way, seen, packing.parts[0].key)
    return value.float().expand(packing.shape).clone()


def _value(way: Any, seen: Tensor, key: str) -> Tensor:
    """One sample `[...]` of a key that says nothing."""
    zeros = torch.zeros_like(seen[0])
    if isinstance(way, str):
        return seen[0] if way == "mean" and seen.is_floating_point() else zeros
    value = as_tensor(way, f"absent= of {key}").to(zeros.dtype)
    try:
        return (value[0] if value.dim() == zeros.dim() + 1 and len(value) == 1 else value).expand_as(zeros).clone()
    except RuntimeError as error:
        raise DataError(
            f"absent= of '{key}' has shape {tuple(value.shape)}, and a sample has {tuple(zeros.shape)}.",
            "Give a number, or a tensor of the shape of one sample.",
        ) from error


@dataclass(frozen=True)
class Signature:
    """How a module is called. way: kwargs, args or dict; keys in the order of the arguments."""

    way: str
    keys: tuple[str, ...]
    present: str = ""


def signature_of(module: nn.Module, registration: Registration) -> Signature:
    """How to call it: what was said, else what its forward takes. Raises DataError where names do not fit."""
    keys = tuple(dict.fromkeys(key for each in registration.inputs.values() for key in each.keys))
    present = registration.present
    if registration.call:
        return Signature(registration.call, keys, present)
    try:
        parameters = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):
        return Signature("args", keys, present)
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    wanted = [*keys, present] if present else list(keys)
    if all(name in names for name in wanted) or (takes_any and names != ["args"] and not _positional(parameters)):
        return Signature("kwargs", keys, present)
    needed = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
    many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if many or (len(needed) == len(keys) and not set(keys) & set(names) and not present):
        return Signature("args", keys, present)
    if len(needed) == 1 and not set(keys) & set(names):
        return Signature("dict", keys, present)
    strange = [name for name in wanted if name not in names]
    raise DataError(
        f"forward takes no '{strange[0]}'. It takes: {', '.join(names) or 'nothing'}.",
        'Correct the keys in inputs=, or say how to call it: call="kwargs", "args" or "dict".',
    )


def _positional(parameters: Sequence[inspect.Parameter]) -> bool:
    return any(p.kind is p.VAR_POSITIONAL for p in parameters)


@dataclass(frozen=True)
class Caller:
    """Knows a module's arguments. `groups` are the calls that some rows with gaps need."""

    packings: tuple[Packing, ...]
    fills: Mapping[str, Fill]
    signature: Signature

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities, in order."""
        return tuple(each.name for each in self.packings)

    def filled(self, inputs: Mapping[str, Tensor], present: Tensor) -> dict[str, Tensor]:
        """The inputs `[B, *shape]` with what stands in for the rows that are absent."""
        found = {}
        for place, name in enumerate(self.names):
            value, on = inputs[name], present[:, place]
            if not bool(on.all()):
                bank = self.fills[name].bank.to(value.device)
                other = bank[self.fills[name].rows(value)] if len(bank) > 1 else bank.expand_as(value)
                value = torch.where(on.view(-1, *([1] * (value.dim() - 1))), value, other.to(value.dtype))
            found[name] = value
        return found

    def groups(self, present: Tensor) -> Iterator[tuple[Tensor | None, frozenset[str]]]:
        """Rows that are called together, None for all of them, with the modalities whose absence changes the call."""
        apart = [place for place, name in enumerate(self.names) if self.fills[name].apart]
        if not apart:
            yield None, frozenset()
            return
        patterns = present[:, apart].cpu()
        for pattern in torch.unique(patterns, dim=0):
            gone = frozenset(self.names[place] for place, on in zip(apart, pattern.tolist(), strict=True) if not on)
            rows = (patterns == pattern).all(1).nonzero()[:, 0].to(present.device)
            yield (None if len(rows) == len(present) else rows), gone

    def run(self, module: nn.Module, filled: Mapping[str, Tensor], present: Tensor, gone: frozenset[str]) -> Any:
        """One call. filled: `[B, *shape]` by modality, nothing absent any more but `gone`.

        The module gets copies: what it does in place stays its own.
        """
        values = self.arguments(filled, gone, dtype_of(module))
        copies = {key: value.clone() if isinstance(value, Tensor) else value for key, value in values.items()}
        return self.call(module, copies, present)

    def call(self, module: nn.Module, values: Mapping[str, Any], present: Tensor) -> Any:
        """One call with these arguments by key."""
        named = {self.signature.present: present} if self.signature.present else {}
        if self.signature.way == "kwargs":
            return module(**values, **named)
        if self.signature.way == "dict":
            return module({**values, **named})
        return module(*(values.get(key) for key in self.signature.keys), **named)

    def arguments(self, filled: Mapping[str, Tensor], gone: frozenset[str], dtype: torch.dtype) -> dict[str, Any]:
        """The tensors by key, floats in the module's own type."""
        values: dict[str, Any] = {}
        planes: dict[str, dict[tuple[int, ...], Tensor]] = {}
        for packing in self.packings:
            unpacked = packing.unpack(filled[packing.name])
            if packing.channels:
                planes.setdefault(packing.parts[0].key, {})[packing.channels] = filled[packing.name]
                continue
            for key, value in unpacked.items():
                way = self.fills[packing.name].apart.get(key) if packing.name in gone else None
                if way != "drop":
                    values[key] = None if way == "none" else value
        owners = {packing.parts[0].key: packing for packing in self.packings if packing.channels}
        values |= {key: owners[key].whole_tensor(parts) for key, parts in planes.items()}
        floats = {k: v.to(dtype) if isinstance(v, Tensor) and v.is_floating_point() else v for k, v in values.items()}
        return {key: floats[key] for key in self.signature.keys if key in floats}


def dtype_of(module: nn.Module) -> torch.dtype:
    """The type of a module's numbers: of its first floating parameter or buffer, float32 where it has none."""
    every = (tensor for group in (module.parameters, module.buffers) for tensor in group())
    return next((tensor.dtype for tensor in every if tensor.is_floating_point()), torch.float32)


def device_of(module: nn.Module, default: torch.device | str = "cpu") -> torch.device:
    """Where a module lies: where its first parameter or buffer does."""
    every = (tensor for group in (module.parameters, module.buffers) for tensor in group())
    return next((tensor.device for tensor in every), torch.device(default))
