"""Computations that take longer than a click: in a thread of this process, with progress and a stop button.

All sessions share them, so that two people who ask for the same wait for one computation. There are two ways to wait:

>>> found = run_cached(("panel", reference), "Computing the measures", lambda tell: compute(tell))   # holds the page up

>>> start("zeros of dmrnet", lambda tell: imputation.compute(model, "zeros", on_progress=tell))      # the page goes on
>>> show("zeros of dmrnet", "Answering")                        # a bar and a button to stop, while it runs

`tell` gets the share that is done; where nobody waits any more, the computation ends at that very call. What needs a
process of its own is started by the job (`analysis.embedding.custom_maps`); what outlives the app is a training
(`experiments.background`).
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from mmlab.core import permissions
from mmlab.core.errors import MmlabError
from mmlab.core.permissions import Visitor
from mmlab.core.phrases import say
from mmlab.ui.components import page_frame
from mmlab.ui.session import access

T = TypeVar("T")
ProgressCallback = Callable[[float], None]
LOG = logging.getLogger("mmlab.app")
EVERY_SECONDS = 0.7  # how often a page that goes on asks how far it is
TICK = 0.1  # how often a page that waits does
MOST = 64  # results that are kept
MOST_QUEUED = 32  # computations that run or wait, of all visitors together
STOPPED, OWN = "work.stopped", "work.own"  # session: what the person stopped, and results for this session only
BEGUN = "work.begun"  # session: what a page began by itself


class Cancelled(Exception):
    """Ends a computation from within; no MmlabError, so that no computation takes it for one of its own."""


class Stopped(MmlabError):
    """A person stopped a computation."""


@dataclass(eq=False)
class Work:
    """One computation: how far it is, who waits for it, whether it should end, and what went wrong."""

    share: float = 0.0
    waiting: int = 0
    unwanted: bool = False
    cancelled: bool = False
    problem: Exception | None = None
    result: Any = None
    over: threading.Event = field(default_factory=threading.Event)
    asked_by: Visitor = permissions.OWNER


@dataclass(eq=False)
class _RunningTasks:
    """What runs or ran, by name; what was computed, the least recently used first; how many computations are over."""

    works: dict[Hashable, Work] = field(default_factory=dict)
    results: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)
    completed: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


@st.cache_resource(show_spinner=False)
def _running_tasks() -> _RunningTasks:
    return _RunningTasks()


def start(name: Hashable, job: Callable[[ProgressCallback], object]) -> None:
    """Begin, unless it is under way already. The page goes on; `show` says how far it is, or why it did not begin."""
    try:
        _begin(name, job)
    except MmlabError as error:
        refused = Work(problem=error)
        refused.over.set()
        _running_tasks().works[name] = refused


def start_once(name: Hashable, job: Callable[[ProgressCallback], object]) -> None:
    """Begin by itself, the first time that this session asks: what a person stopped is not begun again."""
    begun: set[Hashable] = st.session_state.setdefault(BEGUN, set())
    if name not in begun:
        begun.add(name)
        start(name, job)


def alive(name: Hashable) -> bool:
    """Whether it runs."""
    work = _running_tasks().works.get(name)
    return work is not None and not work.over.is_set()


def wait(name: Hashable) -> None:
    """Until it is over, if it runs."""
    work = _running_tasks().works.get(name)
    if work is not None:
        work.over.wait()


def completed() -> int:
    """How many computations are over. A page that was made at another count may show what is no longer true."""
    return _running_tasks().completed


def live(names: Iterable[Hashable], made: int, draw: Callable[[], None]) -> None:
    """A part of a page that asks again by itself while one of `names` runs, and guards itself as `page_frame.panel`.

    made: `completed()` when what it draws was read; where more is over by now, the whole page is made again.
    """
    names = tuple(names)
    busy = any(map(alive, names))

    def asked() -> None:
        with page_frame.error_boundary():
            if completed() != made or any(map(alive, names)) != busy:
                st.rerun()  # starts or ends the asking, and lets the rest of the page see what is new
            draw()

    st.fragment(asked, run_every=EVERY_SECONDS if busy else None)()


def part(progress: ProgressCallback, place: int, of: int) -> ProgressCallback:
    """The progress of one of several steps, as progress of the whole."""
    return lambda share: progress((place + share) / of)


def show(name: str, text: str) -> None:
    """The bar and the button of what runs; what went wrong with what ran."""
    work = _running_tasks().works.get(name)
    if work is None:
        return
    if not work.over.is_set():
        with st.container(horizontal=True, vertical_alignment="center", key=f"mm-work-{name}"):
            st.progress(work.share, f"{text}: {100 * work.share:.0f} %")
            st.button(
                say("Stop"),
                key=f"stop.{name}",
                on_click=_cancel,
                args=(work,),
                **access.disabled_for_others(work.asked_by.id),
            )
        return
    if isinstance(work.problem, MmlabError):
        page_frame.show_error(work.problem)
    elif work.problem is not None:
        page_frame.show_error(MmlabError(say("The computation failed."), say("The details are in the app's log.")))


def run_cached(key: Hashable, label: str, make: Callable[[ProgressCallback], T], private: bool = False) -> T:
    """What `make` returns, computed once per key. Raises Stopped where a person stopped it, and what `make` raises.

    private: kept for this session only, for what a user uploaded.
    """
    office = _running_tasks()
    kept = st.session_state.setdefault(OWN, OrderedDict()) if private else office.results
    with office.lock:
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    named = str(hash(key))
    if st.session_state.get(STOPPED) == key:
        st.button(say("Go on"), key=f"work.go.{named}", on_click=lambda: st.session_state.pop(STOPPED, None))
        raise Stopped(say("{label} was stopped.", label=label), say("Press “Go on” to start it again."))

    def job(tell: ProgressCallback) -> T:
        with office.lock:
            if key in kept:
                return kept[key]
        found = make(tell)
        with office.lock:
            kept[key] = found
            while len(kept) > MOST:
                kept.popitem(last=False)
        return found

    context = get_script_run_ctx()
    owner = context.session_id if private and context is not None else ""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, f"{label} …")
        st.button(say("Stop"), key=f"work.stop.{named}", on_click=lambda: st.session_state.update({STOPPED: key}))
    work = _begin((owner, key), job, context)
    _watch(work, lambda share: bar.progress(share, f"{label} …"))
    place.empty()
    return work.result


def looked_up(key: Hashable, private: bool = False) -> object:
    """What `run_cached` computed for a key before and still holds; None for nothing."""
    office = _running_tasks()
    with office.lock:
        return (st.session_state.get(OWN, {}) if private else office.results).get(key)


def _watch(work: Work, draw: Callable[[float], object]) -> None:
    """Wait for it, drawing how far it is; where the page is left meanwhile, Streamlit ends the run at that call."""
    office = _running_tasks()
    try:
        while not work.over.wait(TICK):
            draw(work.share)
    finally:
        with office.lock:
            work.waiting -= 1
            work.unwanted = work.unwanted or work.waiting == 0
    if work.problem is not None:
        raise work.problem


def _begin(name: Hashable, job: Callable[[ProgressCallback], object], waiter: ScriptRunContext | None = None) -> Work:
    """The computation of that name that is under way, wanted again if nobody did any more; or a new one.

    waiter: the run of a page that waits for it; the computation then sees its session.
    """
    office, waiting = _running_tasks(), int(waiter is not None)
    with office.lock:
        known = office.works.get(name)
        if known is not None and not known.over.is_set() and not known.cancelled:
            known.waiting += waiting
            known.unwanted = False
            return known
        queued = sum(not each.over.is_set() for each in office.works.values())
        if queued >= MOST_QUEUED:
            raise MmlabError(
                say("{queued} computations run or wait already.", queued=queued), say("Try again in a minute.")
            )
        work = office.works[name] = Work(waiting=waiting, asked_by=permissions.visitor())
    thread = threading.Thread(target=_run, args=(office, name, work, job), name=str(name)[:60], daemon=True)
    if waiter is not None:
        add_script_run_ctx(thread, waiter)
    thread.start()
    return work


def _run(office: _RunningTasks, name: Hashable, work: Work, job: Callable[[ProgressCallback], object]) -> None:
    def tell(share: float) -> None:
        with office.lock:
            work.share = min(1.0, max(0.0, share))
            if work.unwanted:
                work.cancelled = True
                raise Cancelled

    try:
        with permissions.acting_for(work.asked_by):
            work.result = job(tell)
    except Cancelled:
        pass
    except MmlabError as error:
        work.problem = error
    except Exception as error:
        LOG.exception("A computation failed.")
        work.problem = error
    finally:
        with office.lock:
            office.completed += 1
            if isinstance(name, tuple) and office.works.get(name) is work:
                del office.works[name]  # somebody waited for it, and has been told
            work.over.set()


def _cancel(work: Work) -> None:
    if not permissions.belongs_to_other(work.asked_by.id):
        work.unwanted = True
