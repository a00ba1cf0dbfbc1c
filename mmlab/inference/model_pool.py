"""The models that are in memory: loaded once, shared by everyone, the least recently used dropped first.

Plain inference runs on a shared model without a lock (eval mode, no hooks, no state). What changes a model while it
works takes `lend(reference, alone=True)`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from mmlab.core.reference import Reference
from mmlab.inference.memory import machine_bytes
from mmlab.inference.predictor import Model

LEAST = 512 * 2**20


@dataclass
class _Slot:
    """One model, or the promise of one: whoever comes first loads, the others wait at `loading`."""

    loading: threading.Lock = field(default_factory=threading.Lock)
    alone: threading.RLock = field(default_factory=threading.RLock)
    model: Model | None = None
    size: int = 0


class ModelPool:
    """Models by reference, up to `budget` bytes of weights: by default half of what is free now, at least LEAST.

    Safe to use from many threads.

    A model that is dropped while someone works with it lives until they are done.
    """

    def __init__(self, budget: int = 0, opener: Callable[[Reference], Model] = Model.open) -> None:
        self.budget = budget or max(LEAST, machine_bytes() // 2)
        self._open = opener
        self._slots: OrderedDict[Reference, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, reference: Reference, alone: bool = False) -> Iterator[Model]:
        """The model of `reference`. Raises CheckpointError or TaskMismatch; a failed load is tried again next time."""
        slot = self._slot(reference)
        model = self._loaded(reference, slot)
        with slot.alone if alone else nullcontext():
            yield model

    def drop(self, reference: Reference) -> None:
        """Forget a model (its checkpoint was deleted or replaced)."""
        with self._lock:
            self._slots.pop(reference, None)

    def clear(self) -> None:
        """Forget all models."""
        with self._lock:
            self._slots.clear()

    @property
    def references(self) -> tuple[Reference, ...]:
        """What is loaded, the least recently used first."""
        with self._lock:
            return tuple(key for key, slot in self._slots.items() if slot.model is not None)

    @property
    def size(self) -> int:
        """Bytes of weights in memory."""
        with self._lock:
            return sum(slot.size for slot in self._slots.values())

    def _slot(self, reference: Reference) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(reference, _Slot())
            self._slots.move_to_end(reference)
            return slot

    def _loaded(self, reference: Reference, slot: _Slot) -> Model:
        with slot.loading:
            if slot.model is not None and not _is_current(slot.model):
                slot.model = None
            if slot.model is None:
                try:
                    slot.model = self._open(reference)
                except Exception:
                    self.drop(reference)
                    raise
                slot.size = _bytes(slot.model)
                self._make_room(reference)
            return slot.model

    def _make_room(self, keep: Reference) -> None:
        with self._lock:
            taken = sum(slot.size for slot in self._slots.values())
            for key in [key for key in self._slots if key != keep]:
                if taken <= self.budget:
                    return
                if self._slots[key].model is not None:
                    taken -= self._slots.pop(key).size


def _is_current(model: Model) -> bool:
    """Whether what it was built from is still the same; models in general never change."""
    return bool(getattr(model, "is_current", lambda: True)())


def _bytes(model: Model) -> int:
    tensors = [*model.method.parameters(), *model.method.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
