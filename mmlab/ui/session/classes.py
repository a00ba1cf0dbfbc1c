"""The class that this visitor leads or attends: `mmlab.lessons.classroom`, seen from a session of the app."""

from __future__ import annotations

import streamlit as st

from mmlab.core import permissions
from mmlab.core.errors import MmlabError
from mmlab.core.permissions import Action
from mmlab.lessons.classroom import CLASSES, Ballot, Classroom, Question
from mmlab.ui.session import shared_address, url_state
from mmlab.ui.session.shared_address import SharedAddress

LED = "mmlab.class"  # session: the code of the class that this visitor leads
PAGE, CODE = "join", "code"


def led() -> Classroom | None:
    """The class that this visitor leads; None where they lead none, or it is over."""
    code = str(st.session_state.get(LED, ""))
    if not code:
        return None
    try:
        return CLASSES.find(code)
    except MmlabError:
        st.session_state.pop(LED, None)
        return None


def may_lead() -> bool:
    """Whether this visitor may open a class."""
    return not permissions.refusal(Action.TEACH)[0]


def lead(room: Classroom | None = None) -> None:
    """Open a class, or lead one that is open already. For callbacks. Raises NotAllowed or DataError."""
    if room is not None:
        permissions.require(Action.TEACH, room.leader)
    st.session_state[LED] = (room or CLASSES.open()).code


def end() -> None:
    """End the class that this visitor leads. For callbacks."""
    if (room := led()) is not None:
        CLASSES.close(room)
    st.session_state.pop(LED, None)


def ask(question: Question) -> Ballot | None:
    """Put a question to the class that this visitor leads; None where they lead none."""
    room = led()
    return None if room is None else room.ask(question)


def pupil() -> str:
    """The id of this participant, from their session."""
    return permissions.visitor().id


def way_in(room: Classroom | None = None, **modes: str) -> SharedAddress:
    """The address of the voting page for others; without a class, of the page that asks for its code."""
    view = {**{name: value for name, value in url_state.modes().items() if name == "lang"}, **modes}
    return shared_address.found({**({CODE: room.code} if room else {}), **view}, PAGE)
