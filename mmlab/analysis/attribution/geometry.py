"""The receptive-field geometry of a layer's map: where its cells lie on the input, and resampling to the input's grid.

A convolution of odd size with stride 2 centres cell i on place 2 i, not on 2 i + 1/2 as image resizing assumes: two of
them shift a map by 1.5 places if it is simply resized. Here the centres follow the computation itself, operation by
operation, so any network is covered; where an operation loses the grid (tokens), cells are taken to divide the input
evenly, which is true of patches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# By name of the operation, where its arguments stand: size of the window (none: that of the weights), stride, padding,
# dilation (none: 1)
WINDOWS: Mapping[str, tuple[int | None, int, int, int | None]] = {
    "aten.convolution": (None, 3, 4, 5),
    "aten.max_pool2d_with_indices": (1, 2, 3, 4),
    "aten.max_pool3d_with_indices": (1, 2, 3, 4),
    "aten.avg_pool2d": (1, 2, 3, None),
    "aten.avg_pool3d": (1, 2, 3, None),
}
PADS = ("constant_pad", "reflection_pad", "replication_pad")  # part of the names of operations that add or cut edges
RESIZES = ("upsample", "adaptive")  # part of the names of operations that divide the same extent into other cells


@dataclass(frozen=True)
class Geometry:
    """The centre of cell i along each axis of places: `offset + stride * i`, in places of the input."""

    stride: tuple[float, ...]
    offset: tuple[float, ...]

    @classmethod
    def even(cls, cells: Sequence[int], places: Sequence[int]) -> Geometry:
        """The geometry of cells that tile the positions evenly, as patches do."""
        strides = tuple(p / c for p, c in zip(places, cells, strict=True))
        return cls(strides, tuple((stride - 1) / 2 for stride in strides))

    def after(
        self, size: Sequence[int], stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int]
    ) -> Geometry:
        """The geometry after a sliding window of this size (convolution or pooling)."""
        first = [(d * (k - 1)) / 2 - p for k, p, d in zip(size, padding, dilation, strict=True)]
        return Geometry(
            tuple(mine * step for mine, step in zip(self.stride, stride, strict=True)),
            tuple(begin + mine * at for begin, mine, at in zip(self.offset, self.stride, first, strict=True)),
        )

    def from_cell(self, first: Sequence[int], step: Sequence[int]) -> Geometry:
        """The geometry of every `step`-th cell from `first` on, which is negative after padding in front."""
        return Geometry(
            tuple(mine * each for mine, each in zip(self.stride, step, strict=True)),
            tuple(begin + mine * each for begin, mine, each in zip(self.offset, self.stride, first, strict=True)),
        )


class Tracing(TorchDispatchMode):
    """Follows where the places of `inputs` go while it is entered; `of` tells it of a tensor that was made there."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        super().__init__()
        self._found: dict[int, Geometry] = {}
        self._kept: list[Tensor] = []  # an id names a tensor only as long as that lives
        for each in inputs:
            places = each.dim() - 2
            if places > 0:
                self._keep(each, Geometry((1.0,) * places, (0.0,) * places))

    def of(self, value: Tensor) -> Geometry | None:
        """The geometry of a tensor's cells, None where it is not known."""
        return self._found.get(id(value))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run the operation, and note where the cells of its results lie."""
        made = func(*args, **(kwargs or {}))
        sources = [(each, self.of(each)) for each in _tensors(args)]
        known = [(each, geometry) for each, geometry in sources if geometry is not None]
        if known:
            for result in _tensors([made]):
                geometry = _behind(str(func), args, known, result)
                if geometry is not None:
                    self._keep(result, geometry)
        return made

    def _keep(self, value: Tensor, geometry: Geometry) -> None:
        self._found[id(value)] = geometry
        self._kept.append(value)


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    flat = (each for value in values for each in (value if isinstance(value, list | tuple) else [value]))
    return [each for each in flat if isinstance(each, Tensor)]


def _behind(
    operation: str, args: Sequence[Any], known: Sequence[tuple[Tensor, Geometry]], made: Tensor
) -> Geometry | None:
    source, geometry = known[0]
    if made.dim() != source.dim():
        return None
    name = operation.rpartition(".")[0]
    if name in WINDOWS:
        if source is not args[0] or (name == "aten.convolution" and args[6]):  # a mask as the weights, or transposed
            return None
        return geometry.after(*_window(name, args, made.dim() - 2))
    if any(part in name for part in PADS):
        axes = made.dim() - 2
        added = [0] * axes + [*args[1][-2::-2]]  # in front of each axis; the pairs begin with the last one
        return geometry.from_cell([-each for each in added[-axes:]], [1] * axes)
    if name == "aten.slice" and len(args) > 1 and args[1] % made.dim() > 1:
        return geometry.from_cell(*_slice(args, made.dim() - 2))
    if any(part in name for part in RESIZES):
        cells, before = made.shape[2:], source.shape[2:]
        scale = [b / c for b, c in zip(before, cells, strict=True)]
        return Geometry(
            tuple(step * each for step, each in zip(geometry.stride, scale, strict=True)),
            tuple(o + s * (e - 1) / 2 for o, s, e in zip(geometry.offset, geometry.stride, scale, strict=True)),
        )
    same = (each for tensor, each in known if tensor.dim() == made.dim() and tensor.shape[2:] == made.shape[2:])
    return next(same, None)


def _window(name: str, args: Sequence[Any], axes: int) -> tuple[list[int], list[int], list[int], list[int]]:
    size, stride, padding, dilation = WINDOWS[name]

    def numbers(place: int | None, otherwise: Sequence[int]) -> list[int]:
        given = list(args[place]) if place is not None and len(args) > place and args[place] else list(otherwise)
        return given * axes if len(given) == 1 else given

    window = list(args[1].shape[2:]) if size is None else numbers(size, ())
    return window, numbers(stride, window), numbers(padding, (0,)), numbers(dilation, (1,))


def _slice(args: Sequence[Any], axes: int) -> tuple[list[int], list[int]]:
    """Where a slice begins along each axis of places, and its steps."""
    source, axis = args[0], args[1]
    start = (args[2] if len(args) > 2 else None) or 0
    size, place = source.shape[axis], axis % source.dim() - 2
    first, steps = [0] * axes, [1] * axes
    first[place] = min(max(start + size if start < 0 else start, 0), size)
    steps[place] = args[4] if len(args) > 4 else 1
    return first, steps


def on_places(maps: Tensor, places: Sequence[int], geometry: Geometry | None = None) -> Tensor:
    """Maps `[K, *cells]` on the places of the input `[K, *places]`: linear between the centres of cells, flat beyond.

    Without a geometry the cells divide the input evenly, and this is `torch.nn.functional.interpolate`.
    """
    cells = maps.shape[1:]
    geometry = geometry or Geometry.even(cells, places)
    for axis, (count, length) in enumerate(zip(cells, places, strict=True), 1):
        at = (torch.arange(length, dtype=maps.dtype) - geometry.offset[axis - 1]) / geometry.stride[axis - 1]
        at = at.clamp(0, count - 1)
        low = at.floor().long().clamp(max=max(count - 2, 0))
        part = at - low
        weights = torch.zeros(length, count, dtype=maps.dtype, device=maps.device)
        rows = torch.arange(length)
        weights[rows, low] += 1 - part
        weights[rows, (low + 1).clamp(max=count - 1)] += part
        maps = torch.movedim(torch.movedim(maps, axis, -1) @ weights.T, -1, axis)
    return maps
