"""Guess mode: predictions on the Bench and true labels stay hidden until somebody has guessed (`?guess=1`).

Guesses are counted in the session, by what is looked at: a class can vote by hand and have every vote clicked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from mmlab.ui.session import url_state

ON = "1"
STORE = "mmlab.guesses"
View = tuple[str, str, str, str]


@dataclass
class _Guesses:
    """Guesses by view, the views whose answers were shown, and the samples that were among them."""

    counts: dict[View, Counter[str]] = field(default_factory=dict)
    shown: set[View] = field(default_factory=set)

    def knows(self, task: str, sample: str) -> bool:
        """Whether answers for a sample were shown."""
        return any(view[:2] == (task, sample) for view in self.shown)


def is_on() -> bool:
    """Whether guess mode is on."""
    return url_state.get("guess") == ON


def is_answer_hidden(task: str, sample: str) -> bool:
    """Whether the current predictions are still hidden."""
    return is_on() and _view(task, sample) not in _kept().shown


def is_truth_hidden(task: str, sample: str) -> bool:
    """Whether the target of the current sample is still hidden."""
    return is_on() and not _kept().knows(task, sample)


def add(task: str, sample: str, option: str) -> None:
    """Count a guess. For callbacks."""
    _kept().counts.setdefault(_view(task, sample), Counter())[option] += 1


def show(task: str, sample: str) -> None:
    """Reveal the current predictions."""
    _kept().shown.add(_view(task, sample))


def counts(task: str, sample: str) -> Mapping[str, int]:
    """The guesses so far about the current view."""
    return _kept().counts.get(_view(task, sample), Counter())


def _kept() -> _Guesses:
    found: _Guesses = st.session_state.setdefault(STORE, _Guesses())
    return found


def _view(task: str, sample: str) -> View:
    return task, sample, url_state.get("on"), url_state.get("damage")
