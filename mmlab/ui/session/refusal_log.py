"""What was refused, in the log of the app: a wrong file, an address that leads nowhere. One line for each sentence that
a visitor is shown, so that whoever hosts the app can tell what people are stuck at.

Nothing of a file gets there but its name and what its refusal quotes, cut short; no hint, no address of a visitor.
"""

from __future__ import annotations

import logging
import re

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.plain_text import without_controls

LOG = logging.getLogger("mmlab.app")
NOTED = "mmlab.refused"  # session
MOST = 50  # lines for one visitor: somebody who brings one wrong file after the other does not fill the disk
LONGEST, LONGEST_WORD = 240, 32
_WORD = re.compile(rf"(?<=['‘“„])[^'’“”]{{{LONGEST_WORD},}}(?=['’“”])|\S{{{LONGEST_WORD},}}")


def note(page: str, error: MmlabError) -> None:
    """Log a refusal, once per visitor and page."""
    noted: set[tuple[str, str]] = st.session_state.setdefault(NOTED, set())
    key = (page, error.message)
    if key in noted or len(noted) >= MOST:
        return
    noted.add(key)
    LOG.warning("Refused on %s (%s): %s", page or "a page", type(error).__name__, _short(error.message))
    if len(noted) == MOST:
        LOG.warning("What else this visitor is refused is left out.")


def _short(text: str) -> str:
    """One line, with long names and what is quoted cut."""
    line = " ".join(without_controls(text).split())
    cut = _WORD.sub(lambda found: f"{found[0][: LONGEST_WORD - 1]}…", line)
    return cut if len(cut) <= LONGEST else f"{cut[: LONGEST - 1]}…"
