"""The arguments and return values of modules: tensors, tuples, dicts and `ModelOutput`s, traversed alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree


def tensors(value: Any) -> list[Tensor]:
    """All tensors in it, in order."""
    return [leaf for leaf in pytree.tree_leaves(_plain(value)) if isinstance(leaf, Tensor)]


def mapped(function: Callable[[Tensor], Any], value: Any) -> Any:
    """The same structure with each tensor changed."""
    return pytree.tree_map_only(Tensor, function, value)


def joined(function: Callable[..., Tensor], first: Any, *others: Any) -> Any:
    """One structure from several alike, tensor by tensor; what is no tensor is the first's."""
    leaves, spec = pytree.tree_flatten(first)
    rest = [pytree.tree_flatten(each)[0] for each in others]
    made = [
        function(leaf, *(each[i] for each in rest)) if isinstance(leaf, Tensor) else leaf
        for i, leaf in enumerate(leaves)
    ]
    return pytree.tree_unflatten(made, spec)


def by_row(value: Any, rows: int) -> bool:
    """Whether every tensor in it has one row per sample, and there is nothing in it that cannot be looked into."""
    found = tensors(value)
    known = all(isinstance(leaf, Tensor | int | float | bool | str | type(None)) for leaf in pytree.tree_leaves(value))
    return bool(found) and known and all(each.dim() > 0 and len(each) == rows for each in found)


def taken(value: Any, index: Tensor) -> Any:
    """The rows at `index` of everything in it."""
    return mapped(lambda each: each[index.to(each.device)], value)


def first_tensor(value: Any) -> Tensor | None:
    """The tensor that stands for what a layer returned: its first floating one."""
    return next((each for each in tensors(value) if each.is_floating_point()), None)


def described(value: Any) -> str:
    """What it is, for a sentence: `tensor (2, 3)`, `dict with loss, out`."""
    if isinstance(value, Tensor):
        return f"a tensor {tuple(value.shape)}"
    if hasattr(value, "keys"):
        return f"{type(value).__name__} with {', '.join(map(str, value.keys()))}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return "nothing" if value is None else type(value).__name__


def _plain(value: Any) -> Any:
    """A dataclass-like answer that pytree does not know as a dict of its fields."""
    if isinstance(value, Tensor | tuple | list | dict) or value is None:
        return value
    if hasattr(value, "to_tuple"):
        return value.to_tuple()
    fields = getattr(value, "__dataclass_fields__", None)
    return {name: getattr(value, name) for name in fields} if fields else value


def same_numbers(first: Tensor, second: Tensor, tolerance: float) -> bool:
    """Whether two answers agree: within `tolerance` of the larger of 1 and their size; equal gaps are equal."""
    if first.shape != second.shape:
        return False
    one, other = first.double(), second.double()
    bound = tolerance * max(1.0, float(torch.nan_to_num(one).abs().amax() if one.numel() else 0.0))
    return bool(((one - other).abs() <= bound).logical_or(one == other).logical_or(one.isnan() & other.isnan()).all())
