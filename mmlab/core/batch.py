"""Preprocessed samples, stacked by modality. Knows no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


def to_device(values: Tensor, place: torch.device) -> Tensor:
    """`values` at a place. To a GPU they go from pinned memory, which it reads by itself: for other memory it would be
    waited for."""
    if place.type != "cuda":
        return values.to(place)
    return (values.pin_memory() if values.device.type == "cpu" else values).to(place, non_blocking=True)


@dataclass(frozen=True)
class Batch:
    """Some samples of a task.

    inputs:  one tensor `[B, *shape]` per modality; rows of an absent modality hold zeros.
    present: bool `[B, M]`, in the task's order of modalities.
    target:  `[B]` classes (int64) or numbers (float32), `[B, H, W]` label maps or `[B, R, H, W]` regions (below 0
             where nobody labelled a pixel, see `mmlab.core.outputs.label_masks`).
    ids:     one name per sample.
    is_complete: whether it is known, without a look at the device, that every sample has every modality.
    """

    inputs: Mapping[str, Tensor]
    present: Tensor
    target: Tensor
    ids: tuple[str, ...]
    is_complete: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def there(self) -> Tensor | None:
        """`present` as `Method.encode` takes it: None if every input is known to be present."""
        return None if self.is_complete else self.present

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device; the copy to a GPU is asynchronous."""
        place = torch.device(device)
        inputs = {name: to_device(value, place) for name, value in self.inputs.items()}
        present, target = to_device(self.present, place), to_device(self.target, place)
        return replace(self, inputs=inputs, present=present, target=target)

    def pin_memory(self) -> Batch:
        """The same batch in pinned memory."""
        inputs = {name: value.pin_memory() for name, value in self.inputs.items()}
        return replace(self, inputs=inputs, present=self.present.pin_memory(), target=self.target.pin_memory())

    def with_present(self, present: Tensor) -> Batch:
        """The same batch with other modalities present."""
        return replace(self, present=present, is_complete=False)


@dataclass(frozen=True)
class Samples:
    """A whole split: stacked tensors, and who or what each sample came from (`groups`, such as a speaker).

    Tensors of a large split lie on disk (`mmlab.core.stored_rows`); a batch reads its rows only.
    """

    inputs: Mapping[str, Tensor]
    present: Tensor
    target: Tensor
    ids: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, rows: Sequence[int] | Tensor, place: torch.device | None = None) -> Batch:
        """The samples at `rows`, in that order, on the device `place` if one is given.

        Half-precision storage becomes float32, at the place, so that half as much is sent there.
        """
        index = torch.as_tensor(rows, dtype=torch.long)
        ids = tuple(self.ids[row] for row in index.tolist())
        index = index.to(self.present.device, non_blocking=True)  # or a GPU would be waited for at each tensor
        if place is None or place.type == "cpu":
            inputs = {name: value[index].float() for name, value in self.inputs.items()}
        else:  # rows that follow each other need no copy here before the one that goes there
            chosen = slice(rows.start, rows.stop) if isinstance(rows, range) and rows.step == 1 else index
            inputs = {name: to_device(value[chosen], place).float() for name, value in self.inputs.items()}
        found = Batch(inputs, self.present[index], self.target[index], ids)
        return found if place is None else found.to(place)

    def take(self, count: int) -> Samples:
        """The first `count` samples."""
        inputs = {name: value[:count] for name, value in self.inputs.items()}
        return Samples(inputs, self.present[:count], self.target[:count], self.ids[:count], self.groups[:count])

    def at(self, rows: Sequence[int]) -> Samples:
        """The samples at `rows`, in that order, as they are stored, in memory."""
        index = torch.as_tensor(rows, dtype=torch.long)
        inputs = {name: value[index] for name, value in self.inputs.items()}
        ids, groups = (tuple(every[row] for row in rows) for every in (self.ids, self.groups))
        return Samples(inputs, self.present[index], self.target[index], ids, groups)
