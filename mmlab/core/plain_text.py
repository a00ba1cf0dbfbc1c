"""Names and texts from outside, made safe for display."""

from __future__ import annotations

import re

LONGEST_NAME = 60
MARKUP = frozenset('[]<>`$\\"')  # with these, Markdown and HTML can load things from elsewhere
NAMES_HINT = f"Use up to {LONGEST_NAME} signs, none of {' '.join(sorted(MARKUP))}, no spaces at the ends or in pairs."

# Marks that turn the direction of writing or have no width: with them, one name can look like another
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def without_controls(text: str) -> str:
    """A text without marks that turn its direction, cannot be seen or control a screen; lines and tabs stay."""
    return _HIDDEN.sub("", text)


def plain(text: object, most: int) -> str:
    """A text from outside, safe for display: one line, shortened, without any markup."""
    shown = "".join(" " if letter in MARKUP or not letter.isprintable() else letter for letter in str(text))
    return " ".join(shown.split())[:most].strip()


def is_plain(text: object, most: int) -> bool:
    """Whether a text needs no change to be shown."""
    return isinstance(text, str) and bool(text) and text == plain(text, most)
