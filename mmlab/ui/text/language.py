"""The language of the screen: from the address (`?lang=de`), among the folders beside this file.

A folder `de/` holds `language.toml` with the name that the language gives itself; `phrases/`, sentences by their
English (`mmlab.core.phrases`), in one file for each page and `app.toml` for what pages share; and for terms of the
glossary files of the same names as the English ones. What is not there, or is empty, is said in English.
`python tools/phrases.py fr` writes what a language lacks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mmlab.core import phrases
from mmlab.core.phrases import ENGLISH

FOLDER = Path(__file__).parent
PHRASES = "phrases"
SPOKEN = "mmlab.language"  # session: the language of the page that is made
T = TypeVar("T")
_aside: ContextVar[str] = ContextVar("language", default=ENGLISH)  # of what is made without a page
_page: ContextVar[str] = ContextVar("page language", default="")  # of the page that this thread makes, once it is known


def languages() -> Mapping[str, str]:
    """The languages' own names by code, English first."""
    return {ENGLISH: "English", **{code: str(_file(code, "language")["name"]) for code in _codes()}}


def use(code: str) -> None:
    """Use a language for this visitor's pages; English if it does not exist."""
    st.session_state[SPOKEN] = code if code in languages() else ENGLISH
    _page.set(st.session_state[SPOKEN])


def current() -> str:
    """The language of the page that is made."""
    if get_script_run_ctx(suppress_warning=True) is None:  # no page is being made
        return _aside.get()
    if not (spoken := _page.get()):  # a thread makes pages of one session only, and the session takes a lock
        spoken = str(st.session_state.get(SPOKEN, ENGLISH))
        _page.set(spoken)
    return spoken


def with_language(make: Callable[[], T]) -> Callable[[], T]:
    """`make`, bound to the current language, for calls outside a page: a file behind a download button."""
    code = current()

    def spoken() -> T:
        token = _aside.set(code)
        try:
            return make()
        finally:
            _aside.reset(token)

    return spoken


def sentences(code: str) -> Mapping[str, str]:
    """The phrases of a language by their English. Raises ValueError for one that stands in two files."""
    found: dict[str, str] = {}
    for name in areas(code):
        there = area(code, name)
        if twice := sorted(found.keys() & there.keys()):
            raise ValueError(f"{code}/{PHRASES}/{name}.toml: {twice[0]!r} stands in another file, too")
        found.update(there)
    return found


def area(code: str, name: str) -> Mapping[str, str]:
    """The phrases of one file, by their English."""
    return {english: said for english, said in _file(code, f"{PHRASES}/{name}").items() if said}


def areas(code: str) -> tuple[str, ...]:
    """The files of phrases that a language has: `app`, `predict`, ..."""
    return tuple(sorted(file.stem for file in (FOLDER / code / PHRASES).glob("*.toml")))


def terms(code: str, page: str) -> Mapping[str, Mapping[str, str]]:
    """The terms of a page in a language, as far as they are there, by key."""
    return {key: {part: said for part, said in term.items() if said} for key, term in _file(code, page).items()}


def translated(sentence: str) -> str:
    """A sentence in the language of the page that is made."""
    code = current()
    return sentence if code == ENGLISH else _sentences(code).get(sentence, sentence)


@cache
def _sentences(code: str) -> Mapping[str, str]:
    return sentences(code)


@cache
def _codes() -> tuple[str, ...]:
    return tuple(sorted(file.parent.name for file in FOLDER.glob("*/language.toml")))


@cache
def _file(code: str, name: str) -> Mapping[str, Any]:
    file = FOLDER / code / f"{name}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


phrases.serve(phrases.Speaker(translated, current))
