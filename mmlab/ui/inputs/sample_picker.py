"""The gallery of samples, and the choice of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.ui.components import clickable_svg, page_frame, selection, thumbnail
from mmlab.ui.inputs import upload_form
from mmlab.ui.session import cache, guesses, uploads, url_state
from mmlab.ui.text import language, wording

PER_PAGE = 40
PAGE = "mmlab.gallery"
TAB, TABS = "mmlab.tab", (phrase("Samples"), phrase("Upload"))


def sample_picker(task: Task) -> str | None:
    """The sample of the address: from the gallery, or brought. Says so where it does not exist, and takes the first."""
    sample = known(task)
    tabs(task, sample, task.gallery)
    return sample


def tabs(
    task: Task, sample: str | None, offered: Callable[[], Sequence[str]], on_pick: Callable[[], None] | None = None
) -> None:
    """The two ways to a sample: the gallery, of those that `offered` names, and what a user uploads.

    offered: called where the gallery is shown; it may draw controls above it. on_pick: called after one was picked.
    """
    # settled when the page is entered: another default would mount the tabs anew, and drop an upload on its way
    opened = st.session_state.setdefault(page_frame.ON_ENTRY, {}).setdefault("tab", int(_is_own(sample)))
    names = [say(name) for name in TABS]
    shipped, own = st.tabs(names, default=names[opened], key=TAB, on_change="rerun")
    with shipped, page_frame.error_boundary():
        if shipped.open:
            _gallery(task, offered(), sample or "", on_pick)
    with own, page_frame.error_boundary():
        if own.open:  # the canvas, the camera and the microphone are loaded when they are wanted
            upload_form.form(task, on_pick)


def known(task: Task) -> str | None:
    """The sample of the address, else the first; says so where it does not exist. None where the task ships none."""
    gallery = task.gallery()
    sample = url_state.get("sample")
    first = _first_look(task, gallery)
    if not sample:
        return first
    try:
        cache.item(task.name, sample)
    except MmlabError as error:
        page_frame.show_error(error)
        return first
    return sample


def first_page(task_name: str) -> None:
    """Begin again with the page of the gallery where the sample is. For callbacks that change what is offered."""
    st.session_state.pop(f"{PAGE}.{task_name}", None)


def _first_look(task: Task, gallery: Sequence[str]) -> str | None:
    """The first sample; of a volume, the slice in its middle, where there is more to see than at its ends."""
    if not gallery:
        return None
    stack = cache.item(task.name, gallery[0]).stack
    return stack[len(stack) // 2] if stack else gallery[0]


def _is_own(sample: str | None) -> bool:
    return sample is not None and uploads.is_own(sample)


def _gallery(task: Task, gallery: Sequence[str], sample: str, on_pick: Callable[[], None] | None) -> None:
    """Pictures to choose from, a page at a time; it opens on the page where the sample is."""
    if not gallery:
        st.caption(say("No sample is like this.") if task.gallery() else say("This task ships no samples."))
        return
    selection.strip(task, sample)
    pages = math.ceil(len(gallery) / PER_PAGE)
    shown = min(st.session_state.get(f"{PAGE}.{task.name}", _page_of(gallery, sample)), pages - 1)
    chosen = f'data-pick="{escape(sample, quote=True)}"'
    samples = gallery[shown * PER_PAGE : (shown + 1) * PER_PAGE]
    version = cache.version(task.name, *samples)
    html = _thumbnails(task.name, tuple(samples), not guesses.is_on(), version, language.current())
    html = html.replace(chosen, f'{chosen} aria-pressed="true"', 1)

    def pick(name: str) -> None:
        url_state.put(sample=name)
        if on_pick is not None:
            on_pick()

    clickable_svg.board(html, key="gallery", on_pick=pick)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-pager"):
        move = partial(_turn, task.name, pages)
        for sign, text, page in (("←", say("Earlier samples"), shown - 1), ("→", say("More samples"), shown + 1)):
            there = 0 <= page < pages
            st.button(sign, key=f"gallery.{sign}", help=text, on_click=move, args=(page,), disabled=not there)
        last = min((shown + 1) * PER_PAGE, len(gallery))
        first = shown * PER_PAGE + 1
        st.caption(say("{first} to {last} of {count}", first=first, last=last, count=len(gallery)), width="content")
        if sample in gallery and not guesses.is_truth_hidden(task.name, sample):
            found = cache.item(task.name, sample)
            answer = f"{say('right answer')}: **{page_frame.plain(wording.answer(found.answer))}**"
            facts = f"**{page_frame.plain(sample)}**", answer, page_frame.plain(found.note)
            st.caption(" · ".join(filter(None, facts)), width="content")


@st.cache_data(show_spinner=False, max_entries=64)
def _thumbnails(task_name: str, samples: tuple[str, ...], is_named: bool, version: object, spoken: str) -> str:
    """One page of the gallery as buttons with pictures. is_named: whether they say what each sample is.

    spoken: the language in which they do.
    """
    buttons = []
    for number, sample in enumerate(samples, 1):
        answer = wording.answer(cache.item(task_name, sample).answer)
        told = say("Sample {sample}, right answer {answer}", sample=sample, answer=answer)
        told = told if is_named else say("No. {number}", number=number)
        label = escape(told, quote=True)
        named = f'data-pick="{escape(sample, quote=True)}" aria-label="{label}" title="{label}"'
        buttons.append(f'<button class="mm-thumb" {named}>{thumbnail.picture(task_name, sample)}</button>')
    return f'<div class="mm-gallery">{"".join(buttons)}</div>'


def _page_of(gallery: Sequence[str], sample: str) -> int:
    return gallery.index(sample) // PER_PAGE if sample in gallery else 0


def _turn(task_name: str, pages: int, page: int) -> None:
    st.session_state[f"{PAGE}.{task_name}"] = max(0, min(page, pages - 1))
