"""Above the lessons, the tools for teachers: class votes, sheets to print, the language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.lessons.classroom import CLASSES, Classroom
from mmlab.lessons.lesson import Lesson
from mmlab.ui.components import class_votes, language_picker, page_frame
from mmlab.ui.pages.lessons import sheet
from mmlab.ui.session import classes
from mmlab.ui.text import refusals
from mmlab.ui.text.markdown import plain

EVERY_SECONDS = 2.0
FAILED = "mmlab.class.failed"  # session: why no class could be opened


def show(every: Sequence[Lesson]) -> None:
    """One line with the ways, and the class that is led, if there is one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-school"):
        page_frame.page_link(classes.PAGE, f"{say('Join a class')} →", {})
        if classes.led() is None:
            _begin()
        with st.popover(say("Sheets to print"), type="tertiary"), page_frame.error_boundary():
            sheet.download(every)
        language_picker.show("lessons.lang")
    if failed := st.session_state.pop(FAILED, ""):
        st.warning(plain(failed))
    if (room := classes.led()) is not None:
        _led(room)


def _begin() -> None:
    """The way to open a class, or to one that is open: after a reload its teacher is another visitor."""
    if not classes.may_lead():
        return
    st.button(
        say("Open a class"),
        key="class.open",
        type="tertiary",
        help=say("Pupils vote on their own screens; the votes are shown here as they come."),
        on_click=_lead,
    )
    for room in CLASSES.led_by_asker():
        label = say("Go on with class {code}", code=room.code)
        st.button(label, key=f"class.lead.{room.code}", type="tertiary", on_click=partial(_lead, room))


def _lead(room: Classroom | None = None) -> None:
    try:
        classes.lead(room)
    except MmlabError as error:
        st.session_state[FAILED] = refusals.message_and_hint(error)


def _led(room: Classroom) -> None:
    """The class that is led: how pupils come in, how many are here, and the end."""
    with st.container(border=True, key="mm-class"):
        across = st.columns([2, 3], gap="medium")
        with across[0]:
            class_votes.ways(room.code)
        with across[1]:
            st.markdown(f"### {say('Class')} {room.code}")
            st.fragment(_here, run_every=EVERY_SECONDS)()
            st.markdown(say("Start a lesson below, or Guess on the Bench: its question appears on every screen."))
            st.button(say("End the class"), key="class.end", on_click=classes.end)


def _here() -> None:
    if (room := classes.led()) is not None:
        room.watched()
        st.markdown(say("Here: **{count}**", count=room.here()))
