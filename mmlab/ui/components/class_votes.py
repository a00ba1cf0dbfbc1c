"""A vote as seen by a class and its teacher: the code to join, options with their votes, the end of the vote."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from mmlab.core.phrases import say
from mmlab.lessons.classroom import Ballot, Question
from mmlab.ui.components import qr_code
from mmlab.ui.session import classes
from mmlab.ui.text.markdown import plain

EVERY_SECONDS = 1.0


def live(question: Question, on_show: Callable[[str], None]) -> None:
    """Put a question to the class that this visitor leads, and show the votes as they come.

    on_show: called when the teacher ends the vote, with the option that most chose; empty where nobody voted.
    """
    ballot = classes.ask(question)
    if ballot is None:
        return
    st.fragment(_counting, run_every=None if ballot.is_over else EVERY_SECONDS)(question)
    if not ballot.is_over:
        st.button(say("Show the answer"), key="class.show", type="primary", on_click=lambda: on_show(_most_chosen()))


def bars(ballot: Ballot) -> str:
    """The options with how many chose them, as HTML; once the vote is over, what is right and what was one's own."""
    most = max(ballot.votes.values(), default=0)
    rows = []
    for option, text in ballot.question.options.items():
        count = ballot.votes[option]
        mark = "✓ " if option == ballot.right else ""
        kind = " mm-vote-right" if mark else ""
        own = f" · {say('your vote')}" if option == ballot.mine else ""
        rows.append(
            f'<li class="mm-vote{kind}"><span>{mark}{escape(text)}{escape(own)}</span>'
            f'<i style="width: {100 * count / max(1, most):.0f}%"></i><b>{count}</b></li>'
        )
    return f'<ul class="mm-votes">{"".join(rows)}</ul>'


def result_in_words(ballot: Ballot) -> str:
    """How many voted of those who are here, and, where one option is right, how many chose it."""
    here = max(ballot.here, ballot.total)
    text = say("{count} of {total} voted.", count=ballot.total, total=here)
    if ballot.right and ballot.total:
        hits = ballot.votes.get(ballot.right, 0)
        text += " " + say("{count} of {total} were right.", count=hits, total=ballot.total)
    return text


def code() -> None:
    """The code of the class that this visitor leads, with its address behind a button."""
    room = classes.led()
    if room is None:
        return
    with st.popover(f"{say('Class')} **{room.code}**", type="tertiary"):
        ways(room.code)


def ways(code: str) -> None:
    """How to come to the vote: the address as a picture and in letters, and what is to be known of it."""
    room = classes.led()
    found = classes.way_in(room, hide="sidebar")
    typed = classes.way_in()
    if not found.remark:
        st.html(qr_code.picture(found.address))
    address = typed.address.rstrip("?")
    st.markdown(say("Open **{address}** and enter **{code}**.", address=plain(address), code=plain(code)))
    if typed.by_number:
        st.caption(say("Or: {address}", address=plain(typed.by_number.rstrip("?"))))
    if found.remark:
        st.caption(found.remark)


def _counting(question: Question) -> None:
    """The votes as they come; a class that is over, or led by somebody else by now, has none."""
    room = classes.led()
    ballot = None if room is None else room.watched()
    if ballot is not None and ballot.question.key == question.key:
        st.html(f'{bars(ballot)}<p class="mm-note" role="status">{escape(result_in_words(ballot))}</p>')


def _most_chosen() -> str:
    room = classes.led()
    ballot = None if room is None else room.ballot()
    if ballot is None or not ballot.total:
        return ""
    return max(ballot.votes, key=lambda option: ballot.votes[option])
