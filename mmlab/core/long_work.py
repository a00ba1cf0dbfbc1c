"""The progress of long work, for whoever displays it: a command's bar, a page.

What lies in between, such as a training that asks for its samples, need not pass anything on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T", covariant=True)
Follow = Callable[[str, float], None]  # what is being done, and the share of it that is

_follower: ContextVar[Follow | None] = ContextVar("follower", default=None)


class CountedItems(Sized, Iterable[T], Protocol[T]):
    """An iterable of known length."""


@contextmanager
def report_progress(tell: Follow) -> Iterator[None]:
    """Within the block, in this thread, report progress to `tell`: the activity and its share done; 1 is the end."""
    before = _follower.set(tell)
    try:
        yield
    finally:
        _follower.reset(before)


def with_progress(what: str, items: CountedItems[T]) -> Iterator[T]:
    """Iterate over the items and report progress, as tqdm does. what: the activity, such as "Reading the samples"."""
    tell = _follower.get()
    for done, item in enumerate(items):
        if tell is not None:
            tell(what, done / len(items))
        yield item
    if tell is not None:
        tell(what, 1.0)
