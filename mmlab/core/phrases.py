"""Sentences on screen, which an app may show in another language: the English sentence is its own key.

>>> say("{count} of {total} voted.", count=3, total=28)
'3 of 28 voted.'

What is said is a plain literal, so that `tools/phrases.py` finds it and knows which languages lack it. One that stands
in a table and is said later is marked there:

>>> TITLES = {"order": phrase("Most moved first")}
>>> say(TITLES["order"])
'Most moved first'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ENGLISH = "en"


@dataclass(frozen=True)
class Speaker:
    """Translates sentences into the language of the current visitor."""

    translate: Callable[[str], str]
    language: Callable[[], str]


_speaker: list[Speaker] = []


def serve(speaker: Speaker) -> None:
    """Translate by this speaker from now on: for an app, with many visitors."""
    _speaker[:] = [speaker]


def language() -> str:
    """The code of the current visitor's language; English outside an app."""
    return _speaker[0].language() if _speaker else ENGLISH


def say(sentence: str, /, **values: object) -> str:
    """A sentence in the current visitor's language, with its values; in English outside an app."""
    found = _speaker[0].translate(sentence) if _speaker else sentence
    return found.format(**values) if values else found


def phrase(sentence: str, /) -> str:
    """A sentence as it is, marked for translation; `say` translates it later."""
    return sentence
