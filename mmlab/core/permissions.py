"""Who may change what if an app serves other people than the one who started it: the one place that decides.

What trains, stops, imports, deletes or makes maps asks `require` first. Commands of one's own may do everything; the
app says who is asking (`serve`). `MMLAB_MODE` says what visitors may do:

- `open`: everything. What somebody began, only they stop. The default on this machine alone.
- `read-only`: look, upload and compute; nothing that stays. The default everywhere else.
- `classroom`: as `read-only`, until the key in `MMLAB_KEY` is given; with it, everything.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from mmlab.core.errors import MmlabError

MODE, KEY = "MMLAB_MODE", "MMLAB_KEY"
OPEN, READ_ONLY, CLASSROOM = "open", "read-only", "classroom"
MODES = (OPEN, READ_ONLY, CLASSROOM)
SHORTEST_KEY = 12
OTHERS = ("Somebody else began this, and only they can stop or discard it.", "Wait until it is over.")
MOST_WRONG, WITHIN = 20, 60.0  # wrong keys, by anybody, and in how many seconds


class Action(StrEnum):
    """What changes something for others, in words for a sentence."""

    TRAIN = "train models"
    STOP = "stop computations"
    IMPORT = "import models"
    DELETE = "delete models"
    MAP = "make maps"
    TEACH = "lead a class"


class NotAllowed(MmlabError):
    """A visitor asked for what they may not do here."""


@dataclass(frozen=True)
class Visitor:
    """id: of their session, fit to be stored; unlocked: gave the key; is_local: sits at the machine itself."""

    id: str
    unlocked: bool = False
    is_local: bool = False


OWNER = Visitor("owner", unlocked=True, is_local=True)  # whoever runs a command
_asking: ContextVar[Visitor | None] = ContextVar("asking", default=None)
_served: list[Callable[[], Visitor]] = []
_wrong: deque[float] = deque(maxlen=MOST_WRONG)
_lock = threading.Lock()


def serve(who: Callable[[], Visitor]) -> None:
    """Identify visitors by `who` from now on: for an app, whose visitors share one process."""
    _served[:] = [who]


def visitor() -> Visitor:
    """The current visitor."""
    return _asking.get() or (_served[0]() if _served else OWNER)


@contextmanager
def acting_for(who: Visitor) -> Iterator[None]:
    """Within the block, act for the visitor `who`: for threads, which have no session."""
    token = _asking.set(who)
    try:
        yield
    finally:
        _asking.reset(token)


def mode(who: Visitor) -> str:
    """What a visitor may do at all; `read-only` for a `MMLAB_MODE` that does not exist."""
    wanted = os.environ.get(MODE, "").strip().lower()
    if not wanted:
        return OPEN if who.is_local else READ_ONLY
    return wanted if wanted in MODES else READ_ONLY


def refusal(action: Action, owner: str = "") -> tuple[str, str]:
    """Why the one who asks may not do it and what helps, empty if they may. owner: the id of who began it."""
    who = visitor()
    if who == OWNER:
        return "", ""
    now = mode(who)
    if now == CLASSROOM and not who.unlocked:
        return f"Only a teacher can {action} here.", "Give the key at the foot of the side bar."
    if now == READ_ONLY:
        return f"Nobody can {action} here: this app is read-only.", f"Whoever hosts it can change {MODE}."
    return OTHERS if belongs_to_other(owner) else ("", "")


def belongs_to_other(owner: str) -> bool:
    """Whether somebody else began it, and the one who asks may not end it. owner: their id, empty if not known."""
    who = visitor()
    return owner not in ("", who.id) and not who.unlocked and not who.is_local


def require(action: Action, owner: str = "") -> None:
    """Raise NotAllowed unless the one who asks may do it."""
    message, hint = refusal(action, owner)
    if message:
        raise NotAllowed(message, hint)


def unlocks(key: str) -> bool:
    """Whether this is the teacher's key. Raises NotAllowed after many wrong ones, and where no sound key is set."""
    right = os.environ.get(KEY, "")
    if len(right) < SHORTEST_KEY:
        raise NotAllowed("No key is set here.", f"Whoever hosts it sets {KEY}, of {SHORTEST_KEY} letters or more.")
    with _lock:
        now = time.monotonic()
        if len(_wrong) == MOST_WRONG and now - _wrong[0] < WITHIN:
            raise NotAllowed("Too many wrong keys were given.", "Wait a minute and try again.")
        if hmac.compare_digest(key.encode(), right.encode()):
            return True
        _wrong.append(now)
    return False
