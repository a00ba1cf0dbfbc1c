"""Names and texts from outside, fit to be shown."""

from __future__ import annotations

LONGEST_NAME = 60
MARKUP = frozenset('[]<>`$\\"')  # with these, Markdown and HTML can load things from elsewhere
NAMES_HINT = f"Use up to {LONGEST_NAME} signs, none of {' '.join(sorted(MARKUP))}, no spaces at the ends or in pairs."


def plain(text: object, most: int) -> str:
    """A text from outside for the screen: one line, cut off where it is too long, nothing that works as a markup."""
    shown = "".join(" " if letter in MARKUP or not letter.isprintable() else letter for letter in str(text))
    return " ".join(shown.split())[:most].strip()


def is_plain(text: object, most: int) -> bool:
    """Whether a text needs no change to be shown."""
    return isinstance(text, str) and bool(text) and text == plain(text, most)
