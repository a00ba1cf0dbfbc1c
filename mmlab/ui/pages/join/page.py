"""The content of the Join page: a code to enter, and then only the question and its options."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.lessons.classroom import CLASSES, Ballot, Classroom
from mmlab.ui.components import class_votes, page_frame
from mmlab.ui.session import classes, url_state
from mmlab.ui.text.markdown import plain

EVERY_SECONDS = 2.0  # thirty screens that ask every second would be most of what the server does
TYPED = "join.code"


def show() -> None:
    """The whole page under its title."""
    code = url_state.get(classes.CODE)
    if code:
        try:
            room = CLASSES.find(code)
        except MmlabError as error:
            page_frame.show_error(error)
        else:
            st.fragment(_voting, run_every=EVERY_SECONDS)(room)
            return
    with st.form("join", border=False, width=320):
        st.text_input(say("Code"), key=TYPED, max_chars=12)
        st.form_submit_button(say("Join"), type="primary", on_click=_enter)


def _enter() -> None:
    url_state.put(**{classes.CODE: str(st.session_state[TYPED]).strip() or None})


def _voting(room: Classroom) -> None:
    """What is asked now, or what was right. Made again and again: the teacher goes on without anybody pressing here."""
    with page_frame.error_boundary():
        CLASSES.find(room.code)
        pupil = classes.pupil()
        room.join(pupil)
        st.caption(say("You are in class **{code}**.", code=room.code))
        ballot = room.ballot(pupil)
        if ballot is None:
            st.info(say("Wait: the teacher has not asked a question yet."))
        elif ballot.is_over:
            _asked(ballot)
            _shown(ballot)
        else:
            _asked(ballot)
            _options(room, ballot)


def _asked(ballot: Ballot) -> None:
    asked = ballot.question
    st.html(
        f'<p class="mm-note">{escape(asked.title)}</p><p class="mm-say">{escape(asked.say)}</p>'
        f'<p class="mm-question">{escape(asked.text)}</p>'
    )


def _options(room: Classroom, ballot: Ballot) -> None:
    """A button for each option; the last one that was pressed counts."""
    with st.container(gap="small", key="mm-class-options"):
        for number, (option, text) in enumerate(ballot.question.options.items()):
            st.button(
                f"{'● ' if option == ballot.mine else ''}{plain(text)}",
                key=f"join.option.{number}",
                type="primary" if option == ballot.mine else "secondary",
                width="stretch",
                on_click=partial(_vote, room, option, ballot.question.key),
            )
    if ballot.mine:
        st.caption(say("Your vote counts. You can change it until the answer is shown."))


def _vote(room: Classroom, option: str, key: str) -> None:
    room.vote(classes.pupil(), option, key)


def _shown(ballot: Ballot) -> None:
    """How all voted, and where to try it out."""
    if ballot.right and ballot.mine:
        is_right = ballot.right == ballot.mine
        word, kind = (say("✓ Right."), "mm-good-guess") if is_right else (say("✗ Not so."), "mm-bad-guess")
        st.html(f'<p class="mm-reveal {kind}" role="status"><b>{escape(word)}</b></p>')
    st.html(f'{class_votes.bars(ballot)}<p class="mm-note">{escape(class_votes.result_in_words(ballot))}</p>')
    if ballot.question.page:
        page_frame.page_link(ballot.question.page, f"{say('Try it yourself')} →", ballot.question.view)
