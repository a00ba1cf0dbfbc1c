"""The models in memory: loaded once, shared by everyone, the least recently used dropped first.

Plain inference runs on a shared model without a lock (eval mode, no hooks, no state). What changes a model while it
works takes `lend(reference, alone=True)`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from mmlab.core.errors import MmlabError
from mmlab.core.outputs import Prediction
from mmlab.core.reference import Reference
from mmlab.inference.batching import Batcher, in_halves
from mmlab.inference.device import device
from mmlab.inference.memory import free_bytes, give_back, is_out_of_memory, machine_bytes
from mmlab.inference.predictor import Model
from mmlab.storage.checkpoints import MODEL

LEAST = 512 * 2**20
SPARE = 64 * 2**20  # bytes of a device that stay free for what is computed
CPU = torch.device("cpu")
HINT = "Wait until others are done, close what is not needed, or use another device (MMLAB_DEVICE)."
Sample = Mapping[str, Tensor]
M = TypeVar("M")


@dataclass
class _Slot:
    """One model, or the promise of one: whoever comes first loads, the others wait at `loading`."""

    loading: threading.Lock = field(default_factory=threading.Lock)
    alone: threading.RLock = field(default_factory=threading.RLock)
    model: Model | None = None
    size: int = 0
    users: int = 0
    place: torch.device = CPU


@dataclass(frozen=True)
class PooledModel:
    """A model in memory: its device, the bytes of its weights, and whether it is in use."""

    reference: Reference
    place: torch.device
    size: int
    is_used: bool


class ModelPool:
    """Models by reference, up to `budget` bytes of weights: by default half of what is free now, at least LEAST.

    Safe to use from many threads. On a device that is short of memory, idle models go to the processor's, and return
    when they are asked for. A model that is dropped while someone works with it lives until they are done.

    free: reads the bytes that are free on a device, of which `spare` are left to what is computed.
    """

    def __init__(
        self,
        budget: int = 0,
        opener: Callable[[Reference], Model] = Model.open,
        free: Callable[[torch.device], int] = free_bytes,
        place: Callable[[], torch.device] = device,
        spare: int = SPARE,
    ) -> None:
        self.budget = budget or max(LEAST, machine_bytes() // 2)
        self._open, self._free, self._place, self._spare = opener, free, place, spare
        self._slots: OrderedDict[Reference, _Slot] = OrderedDict()
        self._lock = threading.RLock()
        self._asked: Batcher[Reference, Sample, dict[str, Prediction]] = Batcher(self.answer_many)

    @contextmanager
    def lend(self, reference: Reference, alone: bool = False) -> Iterator[Model]:
        """The model of `reference`. Raises CheckpointError or TaskMismatch; a failed load is tried again next time.

        Raises MmlabError where there is no memory for it.
        """
        slot = self._slot(reference)
        try:
            model = self._loaded(reference, slot)
            with slot.alone if alone else nullcontext():
                yield model
        finally:
            with self._lock:
                slot.users -= 1

    def answer(self, reference: Reference, tensors: Sample) -> dict[str, Prediction]:
        """`Model.answer`, together with what others ask the same model in the same milliseconds."""
        return self._asked.ask(reference, tensors)

    def answer_many(self, reference: Reference, samples: Sequence[Sample]) -> list[dict[str, Prediction]]:
        """`Model.answer_many`; where memory runs out, without idle models beside it, and then in halves."""
        with self.lend(reference) as model:
            return in_halves(model.answer_many, samples, lambda: self._make_way(reference))

    def logits_many(self, reference: Reference, samples: Sequence[Sample]) -> list[dict[str, Tensor]]:
        """The same for `Model.logits_many`."""
        with self.lend(reference) as model:
            return in_halves(model.logits_many, samples, lambda: self._make_way(reference))

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
        """The loaded models, the least recently used first."""
        return tuple(each.reference for each in self.held)

    @property
    def held(self) -> tuple[PooledModel, ...]:
        """The loaded models with device, size and use."""
        with self._lock:
            slots = [(key, slot) for key, slot in self._slots.items() if slot.model is not None]
            return tuple(PooledModel(key, slot.place, slot.size, slot.users > 0) for key, slot in slots)

    @property
    def size(self) -> int:
        """Bytes of weights in memory."""
        with self._lock:
            return sum(slot.size for slot in self._slots.values())

    def _slot(self, reference: Reference) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(reference, _Slot())
            self._slots.move_to_end(reference)
            slot.users += 1
            return slot

    def _loaded(self, reference: Reference, slot: _Slot) -> Model:
        with slot.loading:
            if slot.model is not None and not _is_current(slot.model):
                slot.model = None
            if slot.model is None:
                try:
                    slot.model = self._brought(reference, _file_bytes(reference), lambda: self._open(reference))
                except Exception:
                    self.drop(reference)
                    raise
                slot.size, slot.place = _bytes(slot.model), self._place()
                self._keep_to_budget(reference)
            elif slot.place != self._place():
                model = slot.model
                self._brought(reference, slot.size, lambda: model.method.to(self._place()))
                slot.place = self._place()
            return slot.model

    def _brought(self, reference: Reference, needed: int, bring: Callable[[], M]) -> M:
        """What `bring` brings to the device, once there is room for `needed` bytes. Raises MmlabError for none."""
        place = self._place()
        while self._free(place) < needed + self._spare and self._put_away_one(reference):
            give_back(place)
        if self._free(place) < needed:
            raise _no_room(reference, needed, self._free(place), place)
        try:
            return bring()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        self._make_way(reference)
        try:
            return bring()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise _no_room(reference, needed, self._free(place), place) from error

    def _make_way(self, keep: Reference) -> None:
        """Put away every idle model."""
        while self._put_away_one(keep):
            pass
        give_back(self._place())

    def _put_away_one(self, keep: Reference) -> bool:
        """Move the least recently used idle model off the device, or drop it; whether there was one."""
        with self._lock:
            for key, slot in self._slots.items():
                if key == keep or slot.users or slot.model is None or slot.place != self._place():
                    continue
                if slot.place != CPU and self._free(CPU) >= slot.size + self._spare:
                    slot.model.method.to(CPU)
                    slot.place = CPU
                else:
                    del self._slots[key]
                return True
        return False

    def _keep_to_budget(self, keep: Reference) -> None:
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


def _file_bytes(reference: Reference) -> int:
    """About what its weights will take: they are stored as they are, or in half precision."""
    try:
        return 2 * (Path(reference.path) / MODEL).stat().st_size
    except OSError:
        return 0


def _no_room(reference: Reference, needed: int, free: int, place: torch.device) -> MmlabError:
    sizes = f"it takes about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free ({place.type})"
    return MmlabError(f"There is no memory for {reference.name}: {sizes}.", HINT)
