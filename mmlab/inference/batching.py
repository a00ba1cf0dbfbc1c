"""One forward pass for simultaneous requests, and the same work in halves if a batch does not fit into memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mmlab.inference.memory import fitting, is_out_of_memory

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")

WAIT = 0.003  # seconds that the first waits for others
MOST = 64  # in one pass


@dataclass(eq=False)
class _Asked(Generic[T, R]):
    """One question, and its answer once `ready` is set."""

    item: T
    ready: threading.Event = field(default_factory=threading.Event)
    answer: R | None = None
    error: Exception | None = None


class Batcher(Generic[K, T, R]):
    """Batches the requests of many threads with the same `key`; the thread that asked first answers all of them.

    work: answers several at once, in their order. A question that fails takes no other with it.
    """

    def __init__(self, work: Callable[[K, Sequence[T]], list[R]], wait: float = WAIT, most: int = MOST) -> None:
        self._work, self._wait, self._most = work, wait, most
        self._waiting: dict[K, list[_Asked[T, R]]] = {}
        self._full: dict[K, threading.Event] = {}
        self._lock = threading.Lock()

    def ask(self, key: K, item: T) -> R:
        """The answer to `item`; raises what `work` raises for it alone."""
        asked: _Asked[T, R] = _Asked(item)
        with self._lock:
            group = self._waiting.setdefault(key, [])
            group.append(asked)
            if is_first := len(group) == 1:
                self._full[key] = threading.Event()
            full = self._full[key]
            if len(group) == self._most:  # who comes next begins another group
                del self._waiting[key], self._full[key]
                full.set()
        if is_first:
            full.wait(self._wait)
            with self._lock:
                if self._waiting.get(key) is group:
                    del self._waiting[key], self._full[key]
            self._answer(key, group)
        asked.ready.wait()
        if asked.error is not None:
            raise asked.error
        return asked.answer  # type: ignore[return-value]  # set, since there is no error

    def _answer(self, key: K, group: list[_Asked[T, R]]) -> None:
        try:
            for asked, answer in zip(group, self._work(key, [each.item for each in group]), strict=True):
                asked.answer = answer
        except Exception as error:
            for asked in group:
                if len(group) == 1:
                    asked.error = error
                    continue
                try:
                    (asked.answer,) = self._work(key, [asked.item])
                except Exception as its_own:
                    asked.error = its_own
        finally:
            for asked in group:
                asked.ready.set()


def in_halves(work: Callable[[Sequence[T]], list[R]], items: Sequence[T], make_room: Callable[[], object]) -> list[R]:
    """`work` on the items; where memory runs out, after `make_room`, and then on halves of them.

    Raises MmlabError when a single item does not fit.
    """
    try:
        return work(items)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    make_room()  # out here: the error holds what was computed so far
    if len(items) == 1:
        with fitting("a single sample", "Close what else is at work on this device, or set MMLAB_DEVICE=cpu."):
            return work(items)
    half = len(items) // 2
    return in_halves(work, items[:half], make_room) + in_halves(work, items[half:], make_room)
