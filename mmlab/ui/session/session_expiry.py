"""Uploads are removed when their visitor leaves, not when the next one arrives; and no visitor can fill the memory
meanwhile.

Streamlit looks for sessions that are over only when another session begins, and keeps files that were sent to it
whether or not a control asked for them. A thread of the app looks every `EVERY` seconds instead. It reaches into
Streamlit's managers, of the version that is pinned; `tests/test_permissions.py` holds that they are what they are
taken for.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime import Runtime

EVERY = 15.0  # seconds
VARIABLE, USUAL_MEGABYTES = "MMLAB_UPLOADS_MB", 1024  # of all visitors together
OF_ONE = 4  # one visitor may take the fourth part
LOG = logging.getLogger("mmlab.app")


@st.cache_resource(show_spinner=False)
def watch() -> threading.Thread | None:
    """Start watching, once per app; does nothing without a server."""
    if _server() is None:
        return None
    thread = threading.Thread(target=_look_again_and_again, name="session expiry", daemon=True)
    thread.start()
    return thread


def _look_again_and_again() -> None:
    while True:
        time.sleep(EVERY)
        if (server := _server()) is None:
            return
        try:
            forget_sessions(server._session_mgr)
            bound_uploads(server._uploaded_file_mgr, limit())
        except Exception:
            LOG.exception("Looking for sessions that are over failed.")


def _server() -> Any:
    """The server that runs; None where none does, and where a page test stands in for one."""
    found = runtime.get_instance() if runtime.exists() else None
    return found if type(found) is Runtime else None


def limit() -> int:
    """The bytes that the uploads of all visitors may take; the default if the variable holds no number."""
    text = os.environ.get(VARIABLE, "")
    return (int(text) if text.isdecimal() else USUAL_MEGABYTES) * 2**20


def forget_sessions(manager: Any) -> int:
    """Drop expired sessions with all their data; returns how many there were."""
    with manager._storage_lock:
        gone = len(manager._session_storage._cache.expire())
    if gone:
        gc.collect()  # sessions are circles of objects
    return gone


def bound_uploads(manager: Any, most: int) -> list[str]:
    """Remove uploads above a visitor's limit, and the largest while the total is too high; returns whose they were."""
    sizes = {
        session: sum(len(file.data) for file in list(files.values()))
        for session, files in list(manager.file_storage.items())
    }
    removed = []
    for session, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if size > most // OF_ONE or sum(sizes.values()) > most:
            manager.remove_session_files(session)
            sizes[session] = 0
            removed.append(session)
    if removed:
        LOG.warning("The uploads of %s visitors were removed: they took too much memory.", len(removed))
    return removed
