"""Conversion between a module's arguments and mmlab's tensors: one float32 tensor per modality, channels first,
lossless.

Several tensors of one modality (`input_ids`, `attention_mask`) lie in one; planes of a shared tensor are taken out and
put back. Whole numbers up to 2^24 survive, and get their own type again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mmlab.core.errors import DataError
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.foreign.inputs import Input

LARGEST_WHOLE = 2**24
FEW = 256  # numbers in a row that are a vector; more of them are a signal
FIRST = {  # axes that are brought to channels first
    "TC": (1, 0),
    "TF": (1, 0),
    "HWC": (2, 0, 1),
    "TCHW": (1, 0, 2, 3),
    "THWC": (3, 0, 1, 2),
}
CLIPS = ("CTHW", "TCHW", "THWC")


@dataclass(frozen=True)
class Part:
    """One tensor of a modality: its key, the shape of one sample (the longest), and its type."""

    key: str
    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers, such as ids."""
        return not self.dtype.is_floating_point


@dataclass(frozen=True)
class Packing:
    """One modality: the tensors it is made of, and the shape they have together."""

    name: str
    parts: tuple[Part, ...]
    kind: str
    shape: tuple[int, ...]
    order: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()

    def pack(self, sample: Mapping[str, Any]) -> Tensor | None:
        """One sample as `[*shape]` float32; None where a key of it is None. Raises DataError."""
        if any(sample.get(part.key) is None for part in self.parts):
            return None
        values = [_padded(as_tensor(sample[part.key], part.key), part) for part in self.parts]
        for value, part in zip(values, self.parts, strict=True):
            if part.whole and value.numel() and int(value.long().abs().max()) > LARGEST_WHOLE:
                raise DataError(f"'{part.key}' holds numbers above {LARGEST_WHOLE:,}.", "Use smaller ids.")
        floats = [value.to(torch.float32) for value in values]
        if len(floats) > 1:
            same = self.shape[0] == len(floats) and len(self.shape) == floats[0].dim() + 1
            return torch.stack(floats) if same else torch.cat([value.flatten() for value in floats])
        value = floats[0].permute(self.order) if self.order else floats[0]
        return (value[list(self.channels)] if self.channels else value).reshape(self.shape)

    def unpack(self, world: Tensor) -> dict[str, Tensor]:
        """`[B, *shape]` as the tensors of the module, `[B, ...]` by key; planes of a shared one, channels first."""
        if self.channels:
            return {self.parts[0].key: world}
        rows = len(world)
        if len(self.parts) == 1:
            part = self.parts[0]
            first = tuple(part.shape[axis] for axis in self.order) if self.order else part.shape
            value = world.reshape(rows, *first)
            back = [self.order.index(axis) + 1 for axis in range(len(self.order))]
            return {part.key: _typed(value.permute(0, *back) if back else value, part)}
        flat = world.reshape(rows, -1)
        pieces = flat.split([part.size for part in self.parts], 1)
        return {p.key: _typed(each.reshape(rows, *p.shape), p) for p, each in zip(self.parts, pieces, strict=True)}

    def whole_tensor(self, planes: Mapping[tuple[int, ...], Tensor]) -> Tensor:
        """The shared tensor `[B, ...]` from its planes by channels, in the order of axes that the module takes."""
        part = self.parts[0]
        first = tuple(part.shape[axis] for axis in self.order) if self.order else part.shape
        some = next(iter(planes.values()))
        found = some.new_zeros(len(some), *first)
        for channels, value in planes.items():
            found[:, list(channels)] = value.reshape(len(some), len(channels), *first[1:])
        back = [self.order.index(axis) + 1 for axis in range(len(self.order))]
        return _typed(found.permute(0, *back) if back else found, part)

    def modality(self, given: Input, letter: str) -> Modality:
        """The modality for the rest of mmlab."""
        label = given.label or self.name.replace("_", " ").capitalize()
        return Modality(self.name, self.kind, self.shape, label, letter)


def packing_of(name: str, given: Input, samples: Sequence[Mapping[str, Any]]) -> Packing:
    """How an input of these samples is packed: tensors of several lengths take the longest. Raises DataError,
    and UnknownName for a kind of input that does not exist."""
    if given.kind:
        modality_kind(given.kind)
    parts = tuple(_part(key, samples) for key in given.keys)
    if len(parts) > 1:
        same = len({part.shape for part in parts}) == 1 and len(parts[0].shape) >= 1
        shape = (len(parts), *parts[0].shape) if same else (sum(part.size for part in parts),)
        words = same and parts[0].whole and len(parts[0].shape) == 1
        return Packing(name, parts, given.kind or ("text" if words else "vector" if not same else "series"), shape)
    part = parts[0]
    order = FIRST.get(given.axes, ())
    if order and len(order) != len(part.shape):
        raise DataError(
            f"'{name}' has axes={given.axes!r}, and a sample of '{part.key}' has shape {part.shape}.",
            "Give one letter per axis of a sample.",
        )
    first = tuple(part.shape[axis] for axis in order) if order else part.shape
    if given.channels:
        if not first or max(given.channels) >= first[0] or min(given.channels) < 0:
            raise DataError(
                f"'{part.key}' has no channel {max(given.channels)}: its shape is {part.shape}.",
                "Count channels from 0, along the first axis of a sample.",
            )
        first = (len(given.channels), *first[1:])
    kind, shape = _world(given, first, part.whole)
    return Packing(name, parts, kind, shape, order, given.channels)


def _world(given: Input, shape: tuple[int, ...], whole: bool) -> tuple[str, tuple[int, ...]]:
    """The kind of an input and its shape, channels first."""
    if not shape:
        return given.kind or "vector", (1,)
    if len(shape) == 1:
        if given.kind == "text" or (whole and not given.kind):
            return "text", (1, *shape)
        signal = given.kind in ("sound", "series") or given.rate > 0 or (not given.kind and shape[0] > FEW)
        return ("series", (1, *shape)) if signal else (given.kind or "vector", shape)
    if len(shape) == 2:
        flat = given.kind in ("image", "sound") or given.axes in ("HW", "FT", "TF")
        kind = given.kind or ("sound" if given.axes in ("FT", "TF") else "image" if given.axes == "HW" else "series")
        return kind, (1, *shape) if flat else shape
    return given.kind or ("frames" if given.axes in CLIPS else "image"), shape


def _part(key: str, samples: Sequence[Mapping[str, Any]]) -> Part:
    values = [as_tensor(sample[key], key) for sample in samples if sample.get(key) is not None]
    if not values:
        raise DataError(f"No sample has '{key}'.", "Every value of it is None.")
    axes = {value.dim() for value in values}
    if len(axes) > 1:
        raise DataError(f"'{key}' has {' and '.join(map(str, sorted(axes)))} axes.", "Give all samples alike.")
    shape = tuple(max(value.shape[axis] for value in values) for axis in range(axes.pop()))
    if len(shape) > 2 and any(tuple(value.shape) != shape for value in values):
        raise DataError(f"'{key}' has several sizes, {tuple(values[0].shape)} and others.", "Bring them to one size.")
    return Part(key, shape, values[0].dtype)


def _padded(value: Tensor, part: Part) -> Tensor:
    """Zeros behind a series or a text that is shorter than the longest sample. Raises DataError for anything else."""
    if tuple(value.shape) == part.shape:
        return value
    if (
        value.dim() != len(part.shape)
        or value.dim() > 2
        or any(a > b for a, b in zip(value.shape, part.shape, strict=True))
    ):
        raise DataError(f"'{part.key}' has shape {tuple(value.shape)}, not {part.shape}.", "Give all samples alike.")
    wanted = [pair for a, b in zip(reversed(value.shape), reversed(part.shape), strict=True) for pair in (0, b - a)]
    return functional.pad(value, wanted)


def _typed(value: Tensor, part: Part) -> Tensor:
    if part.dtype == torch.bool:
        return value > 0.5
    return value.round().to(part.dtype) if part.whole else value


def as_tensor(value: Any, key: str) -> Tensor:
    """A value of a sample as a tensor. Raises DataError for what holds no numbers."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    try:
        if type(value).__module__.startswith("PIL."):
            raise TypeError
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"'{key}' of a sample is {type(value).__name__}, not a tensor.",
            "Let the data set give what forward takes: tensors, arrays or numbers.",
        ) from error


def letters_of(names: Sequence[str]) -> list[str]:
    """One letter per name, each once: the first of its letters that is free."""
    found: list[str] = []
    for name in names:
        wanted = [sign.upper() for sign in name if sign.isalnum()] + list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        found.append(next(sign for sign in wanted if sign not in found))
    return found
