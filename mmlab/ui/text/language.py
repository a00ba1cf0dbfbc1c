"""In which language the screen speaks: what the address asks for (`?lang=de`), of the folders beside this file.

A folder `de/` holds `phrases.toml`, sentences by their English (`mmlab.core.phrases`), in tables that only sort them,
and for terms of the glossary the files of the same names as the English ones. What is not there is said in English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mmlab.core import phrases

FOLDER = Path(__file__).parent
ENGLISH = "en"
PHRASES = "phrases"
SPOKEN = "mmlab.language"  # session: the language of the page that is made


def languages() -> Mapping[str, str]:
    """What the languages call themselves, by their codes; English first."""
    return {ENGLISH: "English", **{code: str(_file(code, "language")["name"]) for code in _codes()}}


def complete(code: str) -> tuple[str, ...]:
    """The files of a language that say of themselves that nothing is missing in them."""
    return tuple(_file(code, "language")["complete"])


def use(code: str) -> None:
    """From now on this visitor's page is made in a language; in English where there is no such one."""
    st.session_state[SPOKEN] = code if code in languages() else ENGLISH


def current() -> str:
    """The language of the page that is made."""
    if get_script_run_ctx(suppress_warning=True) is None:  # no page is being made
        return ENGLISH
    return str(st.session_state.get(SPOKEN, ENGLISH))


def sentences(code: str) -> Mapping[str, str]:
    """The phrases of a language by their English."""
    found: dict[str, str] = {}
    for table in _file(code, PHRASES).values():
        found.update(table)
    return found


def terms(code: str, page: str) -> Mapping[str, Mapping[str, str]]:
    """The terms of a page in a language, as far as they are there, by key."""
    return _file(code, page)


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
def _file(code: str, name: str) -> Mapping[str, Mapping[str, str]]:
    file = FOLDER / code / f"{name}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


phrases.serve(translated)
