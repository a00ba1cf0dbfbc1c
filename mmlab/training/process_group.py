"""One training by several processes, each of which takes its share of every step; in a single process, all of this is a
no-op.

What is averaged is weighed by the number of samples behind it, so that the gradient of a step is that of all of its
samples, whoever looked at them. Batch statistics are each process's own, and their running means are averaged after
each epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Rows = NDArray[Any]


class ProcessGroup:
    """The processes of one training; this one, alone, as `ALONE`. A subclass says how they speak to each other.

    rank: of this process; count: of processes. Only the first writes files.
    """

    rank, count = 0, 1

    def __init__(self) -> None:
        self.weight = 1.0

    def summed(self, value: Tensor) -> Tensor:
        """The sum over all processes, the same bits in each."""
        return value

    def of_first(self, value: Tensor) -> Tensor:
        """What the first process has."""
        return value

    def part(self, rows: Rows) -> Rows:
        """This process's share of the samples of a step."""
        return np.array_split(rows, self.count)[self.rank]

    def begin_step(self, own: int, all_rows: int) -> None:
        """From here on this process speaks for so many of the samples of a step."""
        self.weight = own / all_rows

    def averaged(self, value: Tensor) -> Tensor:
        """The mean over the samples of a step of what is a mean over this process's."""
        return value if self.count == 1 else self.summed(value * self.weight)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Of all parameters that learn; None where it is None in every process."""
        learning = [parameter for parameter in parameters if parameter.requires_grad]
        if self.count == 1 or not learning:
            return
        used = self.summed(torch.tensor([float(each.grad is not None) for each in learning], device=learning[0].device))
        gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in learning]
        whole = self.averaged(torch.cat([each.flatten() for each in gradients]))
        pieces = torch.split(whole, [each.numel() for each in learning])
        for parameter, piece, is_used in zip(learning, pieces, used.tolist(), strict=True):
            parameter.grad = piece.view_as(parameter).clone() if is_used else None

    def average_statistics(self, method: nn.Module) -> None:
        """Running means and whatever else a method counts in its buffers."""
        if self.count > 1:
            for value in (each for each in method.buffers() if each.is_floating_point()):
                value.copy_(self.summed(value / self.count))

    def follow_first(self, tensors: Iterable[Tensor]) -> None:
        """Take over what the first process has, so that all go on from the same."""
        if self.count > 1:
            with torch.no_grad():
                for value in tensors:
                    value.copy_(self.of_first(value))

    def number_of_first(self, number: float) -> float:
        """A number of the first process: what is decided by it is decided alike everywhere."""
        if self.count == 1:
            return number
        return float(self.of_first(torch.tensor([number], dtype=torch.float64)))

    def mixed_in(self) -> tuple[int, ...]:
        """What is added to a seed, so that the processes do not draw the same for different samples."""
        return (self.rank,) if self.rank else ()


ALONE = ProcessGroup()
