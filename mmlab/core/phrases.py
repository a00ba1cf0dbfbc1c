"""Sentences of the screen, which an app may say in another language: the English sentence is its own key.

>>> say("{count} of {total} voted.", count=3, total=28)
'3 of 28 voted.'

What is said is a plain literal, so that `tests/test_languages.py` finds it and knows which languages lack it.
"""

from __future__ import annotations

from collections.abc import Callable

_speaks: list[Callable[[str], str]] = []


def serve(translate: Callable[[str], str]) -> None:
    """From now on `translate` finds a sentence in the language of whoever is asking: for an app, with many visitors."""
    _speaks[:] = [translate]


def say(sentence: str, /, **values: object) -> str:
    """A sentence in the language of whoever is asking, with its values; in English where nobody serves another."""
    found = _speaks[0](sentence) if _speaks else sentence
    return found.format(**values) if values else found
