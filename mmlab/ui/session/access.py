"""The identity of a visitor, and what they may use: the app's side of `mmlab.core.permissions`."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mmlab.core import permissions
from mmlab.core.errors import MmlabError
from mmlab.core.permissions import Action, Visitor
from mmlab.core.phrases import say
from mmlab.ui.text import refusals
from mmlab.ui.text.markdown import plain

UNLOCKED, GIVEN, SAID = "mmlab.unlocked", "mmlab.key", "mmlab.key.said"
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


def visitor() -> Visitor:
    """The visitor whose page is being made; an unknown one is "nobody"."""
    context = get_script_run_ctx()
    here = is_loopback(st.get_option("server.address"))
    if context is None:
        return Visitor("nobody", is_local=here)
    named = hashlib.sha256(context.session_id.encode()).hexdigest()[:16]  # the id itself would let others take it over
    return Visitor(named, bool(st.session_state.get(UNLOCKED)), here and not _is_forwarded())


def is_loopback(address: object) -> bool:
    """Whether a server address can be reached from this machine only."""
    text = str(address or "").strip("[]")
    try:
        return text == "localhost" or ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def disabled_if_refused(action: Action, owner: str = "") -> dict[str, Any]:
    """Arguments for a button: `disabled`, with the reason as its help, if the visitor may not press it."""
    message, hint = permissions.refusal(action, owner)
    return {"disabled": True, "help": plain(f"{message} {hint}")} if message else {}


def disabled_for_others(owner: str) -> dict[str, Any]:
    """The same for a button that ends what another visitor began."""
    return (
        {"disabled": True, "help": plain(" ".join(permissions.OTHERS))} if permissions.belongs_to_other(owner) else {}
    )


def foot() -> None:
    """The foot of the sidebar: what visitors may do, if not everything, and the field for the key."""
    who = permissions.visitor()
    now = permissions.mode(who)
    if now == permissions.READ_ONLY:
        st.caption(say("Read-only: look, upload and compare; nothing is trained, imported or deleted here."))
    if now != permissions.CLASSROOM:
        return
    if who.unlocked:
        st.caption(say("Unlocked by the key: you can train, import and delete."))
        st.button(
            say("Lock again"), key="mmlab.lock", type="tertiary", on_click=lambda: st.session_state.pop(UNLOCKED, None)
        )
        return
    with st.popover(say("Teacher’s key"), type="tertiary"):
        st.text_input(say("Key"), type="password", key=GIVEN, max_chars=200, on_change=_try)
        if said := st.session_state.pop(SAID, ""):
            st.warning(plain(said))


def _try() -> None:
    key = st.session_state.pop(GIVEN, "")
    try:
        right = permissions.unlocks(key)
    except MmlabError as error:
        st.session_state[SAID] = refusals.message_and_hint(error)
        return
    st.session_state[UNLOCKED] = right
    if not right:
        st.session_state[SAID] = say("This is not the key.")


def _is_forwarded() -> bool:
    """Whether a proxy stands between: then the visitor may sit anywhere, although the server listens here only."""
    headers = st.context.headers
    return any(headers.get(name) for name in FORWARDED)


permissions.serve(visitor)
