"""A tensor whose rows are on disk: `[N, *shape]`, read on demand, so that it takes no memory.

It is a `torch.Tensor`, and every operation gives what it gives on the rows themselves. Rows that are picked
(`value[rows]`) are read alone, `value[first:last]` reads nothing yet; anything else reads all of them for as long as
it takes. So what looks at a whole split goes through `in_parts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._pytree import tree_map

PART, NUMBERS = 64, 2**26  # rows, and numbers, that are read at a time by what looks at all of them
Rows = NDArray[np.int64]


class RowSource(Protocol):
    """Where rows lie: how many there are and of what shape and kind, `[N, *shape]`, and how some are read."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    def read(self, rows: Rows) -> Tensor:
        """These rows, `[k, *shape]`, in memory of their own. Raises DataError."""


class StoredRows(Tensor):
    """Rows of a source, in an order of its own; those that are `blank` hold zeros and are not read."""

    source: RowSource
    rows: Rows
    blank: NDArray[np.bool_]

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, source: RowSource, rows: Rows | None = None, blank: NDArray[np.bool_] | None = None) -> StoredRows:
        count = source.shape[0] if rows is None else len(rows)
        made: StoredRows = Tensor._make_wrapper_subclass(cls, (count, *source.shape[1:]), dtype=source.dtype)
        made.source = source
        made.rows = np.arange(count) if rows is None else rows
        made.blank = np.zeros(count, bool) if blank is None else blank
        return made

    def only(self, places: Tensor) -> StoredRows:
        """The rows at `places`, int `[k]` or bool `[N]`, not read yet."""
        chosen = places.numpy()
        return StoredRows(self.source, self.rows[chosen], self.blank[chosen])

    def without(self, blank: Tensor) -> StoredRows:
        """The same with zeros in the rows where `blank`, bool `[N]`."""
        return StoredRows(self.source, self.rows, self.blank | blank.numpy())

    def read(self) -> Tensor:
        """All rows, in memory."""
        found = torch.zeros(self.shape, dtype=self.dtype)
        there = ~self.blank
        if there.all():
            return self.source.read(self.rows)
        found[torch.from_numpy(there)] = self.source.read(self.rows[there])
        return found

    def numpy(self, *, force: bool = False) -> NDArray[Any]:
        """All rows, in memory."""
        return np.asarray(self.read().numpy())

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"StoredRows({tuple(self.shape)}, {self.dtype})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return StoredRows, (self.source, self.rows, self.blank)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        first = args[0]
        if isinstance(first, cls):
            if func is torch.ops.aten.slice.Tensor and (len(args) < 2 or args[1] == 0):
                span = slice(*args[2:5])
                return cls(first.source, first.rows[span], first.blank[span])
            if func is torch.ops.aten.select.int and args[1] == 0:
                return cls(first.source, first.rows[[args[2]]], first.blank[[args[2]]]).read()[0]
            if func is torch.ops.aten.index.Tensor and len(args[1]) == 1:
                return first.only(args[1][0]).read()
            if func is torch.ops.aten.detach.default:
                return cls(first.source, first.rows, first.blank)
        plain = tree_map(lambda each: each.read() if isinstance(each, cls) else each, (args, kwargs or {}))
        return func(*plain[0], **plain[1])


def rows_at(value: Tensor, places: Tensor) -> Tensor:
    """The rows of a tensor at `places`, int `[k]` or bool `[N]`; stored ones are not read yet."""
    return value.only(places) if isinstance(value, StoredRows) else value[places]


def zeroed(value: Tensor, blank: Tensor) -> Tensor:
    """A copy of a tensor with zeros in the rows where `blank`, bool `[N]`; stored ones stay on disk."""
    if isinstance(value, StoredRows):
        return value.without(blank)
    found = value.clone()
    found[blank] = 0
    return found


def in_parts(value: Tensor, size: int = 0) -> Iterator[Tensor]:
    """A tensor's rows, so many at a time (0: as many as memory holds); one in memory is one part."""
    if not isinstance(value, StoredRows):
        yield value
        return
    size = size or min(PART, max(1, NUMBERS // max(1, prod(value.shape[1:]))))
    for start in range(0, len(value), size):
        yield value[start : start + size].clone()


def mean_of(value: Tensor) -> Tensor:
    """The mean over the rows, float32 `[*shape]`; of stored ones it is added up in double precision."""
    if not isinstance(value, StoredRows):
        return value.float().mean(0)
    total = torch.zeros(value.shape[1:], dtype=torch.double)
    for part in in_parts(value):
        total += part.double().sum(0)
    return (total / len(value)).float()


def spread_of(value: Tensor) -> Tensor:
    """The standard deviation over the rows, float32 `[*shape]`, as `mean_of`."""
    if not isinstance(value, StoredRows):
        return value.float().std(0)
    mean, squares = mean_of(value), torch.zeros(value.shape[1:], dtype=torch.double)
    for part in in_parts(value):
        squares += (part.double() - mean).square().sum(0)
    return (squares / (len(value) - 1)).sqrt().float()
