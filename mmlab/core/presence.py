"""Networks trained on incomplete samples: an absent input is never used.

Presence is told, never guessed: an input of zeros may well be there (a black picture, a number at the mean).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

Rows = Tensor | slice
FEWEST = 2  # rows that batch statistics can be made of


def keep_rows(values: Tensor, rows: Tensor) -> Tensor:
    """`values [B, ...]` where `rows [B]` is true, zero elsewhere: selection, so that no NaN gets through."""
    return torch.where(rows.view(-1, *([1] * (values.dim() - 1))), values, values.new_zeros(()))


def mean_of(values: Tensor, rows: Tensor) -> Tensor:
    """The mean of `values [B]` where `rows [B]` is true: scalar, 0 where it is nowhere."""
    return keep_rows(values, rows).sum() / rows.sum().clamp(min=1)


def columns_of(there: Tensor | None, count: int) -> Sequence[Tensor | None]:
    """The column `[B]` of each of `count` modalities of `there [B, M]`; None for each where all are there."""
    return [None] * count if there is None else there.unbind(1)


def of_present(
    network: Callable[[Rows], tuple[Tensor, ...]], there: Tensor | None, learning: nn.Module
) -> tuple[Tensor, ...]:
    """The outputs `[B, ...]` of `network` for the rows that are present; zero in the others.

    network: from an index of rows (numbers, or a slice for all) to tensors with as many rows.
    there: bool `[B]`; None where all are.
    learning: the module whose batch statistics the other rows would spoil. Where fewer than FEWEST rows are there, it
    uses the statistics that it has. While it is not learning nothing is left out: absent rows are hidden when fused,
    and all combinations share one pass.
    """
    if there is None or not learning.training or bool(there.all()):
        return network(slice(None))
    rows = there.nonzero()[:, 0]
    with nullcontext() if len(rows) >= FEWEST else _at_rest(learning):
        found = network(rows)
    return tuple(each.new_zeros(len(there), *each.shape[1:]).index_copy(0, rows, each) for each in found)


@contextmanager
def _at_rest(module: nn.Module) -> Iterator[None]:
    """All parts in eval mode, then again each as it was."""
    before = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in before:
            part.training = mode
