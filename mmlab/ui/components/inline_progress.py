"""What takes seconds: computed once, with a bar that shows how far it is and a button that stops it.

>>> found = slowly(("panel", reference), "Computing the measures", lambda tell: compute(tell))

`tell` draws the bar; where a person pressed a button meanwhile, Streamlit ends the run at that very call.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

from mmlab.core.errors import MmlabError

T = TypeVar("T")
ProgressCallback = Callable[[float], None]
MOST = 64
STOPPED, OWN = "slow.stopped", "slow.own"


class Stopped(MmlabError):
    """A person stopped a computation."""


@st.cache_resource(show_spinner=False)
def _shelf() -> tuple[OrderedDict[Hashable, Any], threading.Lock]:
    """What was computed, the least recently used dropped first."""
    return OrderedDict(), threading.Lock()


def run_cached(key: Hashable, label: str, make: Callable[[ProgressCallback], T], private: bool = False) -> T:
    """What `make` returns, computed once per key. Raises Stopped where a person stopped it.

    private: kept for this session only, for what a person brought.
    """
    shelf, lock = _shelf()
    kept = st.session_state.setdefault(OWN, OrderedDict()) if private else shelf
    with lock:
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    named = str(hash(key))
    if st.session_state.get(STOPPED) == key:
        st.button("Go on", key=f"slow.go.{named}", on_click=lambda: st.session_state.pop(STOPPED, None))
        raise Stopped(f"{label} was stopped.", "Press “Go on” to start it again.")
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, f"{label} …")
        st.button("Stop", key=f"slow.stop.{named}", on_click=lambda: st.session_state.update({STOPPED: key}))

    def tell(share: float) -> None:
        bar.progress(min(1.0, max(0.0, share)), f"{label} …")

    found = make(tell)
    place.empty()
    with lock:
        kept[key] = found
        while len(kept) > MOST:
            kept.popitem(last=False)
    return found
