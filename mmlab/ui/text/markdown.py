"""Names from outside, escaped for Markdown: what users call something is displayed literally.

Every name that a person, a file or a plug-in gives passes `plain` on its way into a Streamlit text that is read as
Markdown: captions, messages, headings, labels and helps of controls, options of pills, radios and segmented controls.
Options of select boxes and cells of tables are shown as they are and need none; HTML and Plotly need `html.escape`.
"""

from __future__ import annotations

import re

from mmlab.core.plain_text import without_controls

JOINER = "\u2060"  # no width: parts a bare address, which Markdown would make a link even where its signs are escaped
_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:^])")
_LINE_STARTS = re.compile(r"^(\s*\d*)([-=]|\.(?=\s|$))", re.MULTILINE)  # lists, and lines under headings
_ADDRESSES = re.compile(r"\b(?:https?|ftp|mailto|xmpp):|\bwww(?=\.)|(?<=[\w.+-])@(?=\w)", re.IGNORECASE)


def plain(text: str) -> str:
    """Text that may hold names from outside, so that no letter of it works as Markdown or as an address."""
    parted = _ADDRESSES.sub(lambda found: found[0] + JOINER, without_controls(text))
    return _LINE_STARTS.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", parted))
