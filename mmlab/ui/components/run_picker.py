"""Which run of a method is displayed: its first, another seed, or one of the user's own. Stored in the address."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from mmlab.core.errors import UnknownName
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.storage.library import Entry
from mmlab.ui.components import page_frame
from mmlab.ui.session import cache, hidden, url_state
from mmlab.ui.session.library_entries import entry_of
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain


def entries(task_name: str) -> tuple[Entry, ...]:
    """The run of each method that the address asks for, the first one where it names none, in the usual order.

    Says so where the address asks for a run that is not here.
    """
    first, asked = cache.entries(task_name), url_state.runs()
    if not asked:
        return first
    there = {(each.method, each.tag): each for each in cache.library().references(task_name)}
    for method, tag in asked.items():
        if (method, tag) not in there:
            error = UnknownName(
                say("There is no run '{tag}' of the method '{method}' here.", tag=tag, method=method),
                say("Showing its first run."),
            )
            page_frame.show_error(error, quiet=True)
    wanted = [there.get((each.reference.method, asked.get(each.reference.method, ""))) for each in first]
    return tuple(each if run is None else entry_of(run) for each, run in zip(first, wanted, strict=True))


def title(reference: Reference) -> str:
    """A method as Markdown, with its run where it is not the one that is shown by itself."""
    tag = url_state.runs().get(reference.method)
    name = plain(cache.title(reference.method))
    return f"{name} · {plain(reference.tag)}" if tag == reference.tag else name


def choose(references: Sequence[Reference]) -> None:
    """A menu of runs for each of the models that has several."""
    tags: dict[str, list[str]] = {}
    for task_name in {each.task for each in references}:
        for each in cache.library().references(task_name):
            tags.setdefault(each.method, []).append(each.tag)
    several = [each for each in references if len(tags.get(each.method, ())) > 1]
    if not several or hidden.is_hidden("runs"):
        return
    with st.popover(say("Runs"), type="tertiary"):
        for each in several:
            st.selectbox(
                say("Run of {method}", method=plain(cache.title(each.method))),
                tags[each.method],
                key=url_state.follow(f"run.{each.method}", each.tag),
                help=wording.help("seed"),
                on_change=partial(_choose, each.method, _first(each)),
            )


def _first(reference: Reference) -> str:
    """The run of its method that is shown when nobody chose."""
    return next((e.reference.tag for e in cache.entries(reference.task) if e.reference.method == reference.method), "")


def _choose(method: str, first: str) -> None:
    tag = st.session_state[f"run.{method}"]
    url_state.put_run(method, None if tag == first else tag)
