"""Computations that take longer than a click: in a thread of their own, with progress, shared by all sessions.

>>> work.start("zeros of dmrnet", lambda progress: rules.compute(model, "zeros", on_progress=progress))
>>> work.show("zeros of dmrnet")        # a bar and a button to stop; True while it runs
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.ui.components import page_frame

LOG = logging.getLogger("mmlab.app")
Progress = Callable[[float], None]
EVERY_SECONDS = 0.7  # how often a page asks how far it is


class Stopped(Exception):
    """Somebody pressed Stop."""


@dataclass
class Work:
    """One computation: how far it is, whether it should end, and what went wrong."""

    share: float = 0.0
    done: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    problem: MmlabError | None = None


@st.cache_resource(show_spinner=False)
def _running() -> dict[str, Work]:
    return {}


def start(name: str, job: Callable[[Progress], object]) -> None:
    """Begin, unless it is under way already."""
    known = _running().get(name)
    if known is not None and not known.done:
        return
    work = _running()[name] = Work()

    def progress(share: float) -> None:
        work.share = min(1.0, share)
        if work.stop.is_set():
            raise Stopped

    def run() -> None:
        try:
            job(progress)
        except Stopped:
            pass
        except MmlabError as error:
            work.problem = error
        except Exception:
            LOG.exception("A computation failed.")
            work.problem = MmlabError("The computation failed.", "The details are in the app's log.")
        finally:
            work.done = True

    threading.Thread(target=run, name=name, daemon=True).start()


def part(progress: Progress, place: int, of: int) -> Progress:
    """The progress of one of several steps, as progress of the whole."""
    return lambda share: progress((place + share) / of)


def alive(name: str) -> bool:
    """Whether it runs."""
    work = _running().get(name)
    return work is not None and not work.done


def show(name: str, text: str) -> None:
    """The bar and the button of what runs; what went wrong with what ran."""
    work = _running().get(name)
    if work is None:
        return
    if not work.done:
        with st.container(horizontal=True, vertical_alignment="center", key=f"mm-work-{name}"):
            st.progress(work.share, f"{text}: {work.share:.0%}")
            st.button("Stop", key=f"stop.{name}", on_click=work.stop.set)
        return
    if work.problem is not None:
        page_frame.show_error(work.problem)
