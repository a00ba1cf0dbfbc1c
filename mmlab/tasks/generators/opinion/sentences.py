"""Sentences about a film with a known score: a small grammar over words rated by people.

A word's rating (-4 to 4, the mean of ten people, from the VADER lexicon) times SCALE is its score. Words before it
weigh it, `not` turns it round, and after a `but` the second half counts more. What is said about (subjects) and the
beginnings differ between the splits; the rated words are shared, since a word that was never met says nothing.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmlab.core.errors import DataError
from mmlab.core.task import Split

FOLDER = Path(__file__).resolve().parents[3] / "samples" / "opinion"
WORDS = "words.json"
AGAIN = "python tools/make_opinion.py --words"
SCALE = 0.75  # from ratings in [-4, 4] to opinions in [-3, 3]
NEAR, WIDE = 0.05, 0.35  # how far a part may be from the score that is wanted of it: the last, the first of two

# What a word before another does to its score
WEIGHTS = {
    "": 1.0,
    "very": 1.25,
    "really": 1.2,
    "extremely": 1.4,
    "absolutely": 1.4,
    "quite": 0.8,
    "rather": 0.75,
    "slightly": 0.45,
    "hardly": -0.4,
    "not": -0.6,
    "not very": -0.4,
}
NOUN_WEIGHTS = {"": 1.0, "real": 1.2, "complete": 1.4, "not": -0.6}
VERB_WEIGHTS = {"": 1.0, "really": 1.2, "absolutely": 1.4, "never": -0.6}
PLAIN = 4  # how often a word without anything before it is in the draw, beside once with each weight
BEFORE_BUT, AFTER_BUT = 0.35, 0.65

SUBJECTS: dict[Split, tuple[str, ...]] = {
    "train": (
        *("the acting", "the story", "the music", "the ending", "the script", "the cast", "the camera work"),
        *("the beginning", "the film", "the movie", "the second half", "the lead", "the dialogue", "the pace"),
    ),
    "valid": ("the soundtrack", "the lighting", "the first hour", "the film"),
    "test": ("the plot", "the editing", "the direction", "the last scene", "the picture", "the film"),
}
OPENINGS: dict[Split, tuple[str, ...]] = {
    "train": ("", "", "", "I saw it on Friday:", "after two hours,", "as for the rest,", "I went with my sister:"),
    "valid": ("", "", "we watched it at home:"),
    "test": ("", "", "I have seen it twice now:", "on the way home I thought,", "looking back,"),
}
THINGS = ("film", "movie", "story", "piece of work", "evening", "two hours")
LINKS = ("is", "was", "felt", "seemed")


@dataclass(frozen=True)
class Sentence:
    """What is written, and its score by the rules of this file."""

    text: str
    score: float


@dataclass(frozen=True)
class Phrase:
    """A rated word with what stands before it."""

    weight: str
    word: str
    score: float


@lru_cache(maxsize=1)
def rated_words() -> dict[str, dict[str, float]]:
    """Ratings by kind (`adjectives`, `nouns`, `verbs`) and word. Raises DataError."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / WORDS).read_text("utf-8"))
        return {kind: dict(found[kind]) for kind in ("adjectives", "nouns", "verbs")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError("The list of rated words is missing or damaged.", f"Run: {AGAIN}") from error


@lru_cache(maxsize=1)
def _phrases() -> dict[str, tuple[tuple[float, ...], tuple[Phrase, ...]]]:
    """By kind, every weighted word in the order of its score, and the scores alone."""
    weights = {"adjectives": WEIGHTS, "nouns": NOUN_WEIGHTS, "verbs": VERB_WEIGHTS}
    found = {}
    for kind, words in rated_words().items():
        made = [
            Phrase(weight, word, rating * SCALE * factor)
            for word, rating in words.items()
            for weight, factor in [*weights[kind].items(), *[("", 1.0)] * (PLAIN - 1)]
        ]
        made.sort(key=lambda phrase: (phrase.score, phrase.word, phrase.weight))
        found[kind] = (tuple(phrase.score for phrase in made), tuple(made))
    return found


def write_sentence(score: float, split: Split, rng: np.random.Generator) -> Sentence:
    """A sentence whose score is as near to the one that is wanted as the words allow."""
    opening = _one_of(OPENINGS[split], rng)
    shape = rng.random()
    if shape < 0.35:
        text, found = _clause(score, NEAR, split, rng)
    else:
        text, found = _two(score, shape < 0.65, split, rng)
    text = f"{opening} {text}".strip()
    return Sentence(f"{text[0].upper()}{text[1:]}{_one_of(('.', '.', '.', '!'), rng)}", found)


def _two(score: float, contrary: bool, split: Split, rng: np.random.Generator) -> tuple[str, float]:
    """Two halves: the second makes up for what the first has too much or too little."""
    first_share, second_share = (BEFORE_BUT, AFTER_BUT) if contrary else (0.5, 0.5)
    first_text, first = _clause(float(np.clip(score + rng.normal(0, 1.2), -2.6, 2.6)), WIDE, split, rng)
    needed = (score - first_share * first) / second_share
    if abs(needed) > 2.7:
        return _clause(score, NEAR, split, rng)
    second_text, second = _clause(needed, NEAR, split, rng)
    joint = ", but " if contrary else _one_of((" and ", ", and "), rng)
    return f"{first_text}{joint}{second_text}", first_share * first + second_share * second


def _clause(score: float, near: float, split: Split, rng: np.random.Generator) -> tuple[str, float]:
    """One statement of about this score."""
    kind = str(rng.choice(("adjectives", "nouns", "verbs"), p=(0.7, 0.15, 0.15)))
    phrase = _phrase(kind, score, near, rng) or _phrase("adjectives", score, near, rng) or _nearest(score)
    write = {"adjectives": _described, "nouns": _called, "verbs": _felt}[_kind_of(phrase, kind)]
    return write(phrase, split, rng), phrase.score


def _phrase(kind: str, score: float, near: float, rng: np.random.Generator) -> Phrase | None:
    scores, phrases = _phrases()[kind]
    first, last = bisect_left(scores, score - near), bisect_right(scores, score + near)
    return phrases[int(rng.integers(first, last))] if last > first else None


def _nearest(score: float) -> Phrase:
    return min(_phrases()["adjectives"][1], key=lambda phrase: abs(phrase.score - score))


def _kind_of(phrase: Phrase, wanted: str) -> str:
    return wanted if phrase.word in rated_words()[wanted] else "adjectives"


def _described(phrase: Phrase, split: Split, rng: np.random.Generator) -> str:
    words = f"{phrase.weight} {phrase.word}".strip()
    if phrase.weight.startswith(("not", "hardly")) or rng.random() < 0.7:
        return f"{_one_of(SUBJECTS[split], rng)} {_one_of(LINKS, rng)} {words}"
    return f"it {_one_of(('is', 'was'), rng)} {_article(words)} {words} {_one_of(THINGS[:-1], rng)}"


def _called(phrase: Phrase, split: Split, rng: np.random.Generator) -> str:
    subject, link = _one_of(SUBJECTS[split], rng), _one_of(("is", "was"), rng)
    if phrase.weight == "not":
        return f"{subject} {link} not {_article(phrase.word)} {phrase.word}"
    words = f"{phrase.weight} {phrase.word}".strip()
    return f"{subject} {link} {_article(words)} {words}"


def _felt(phrase: Phrase, split: Split, rng: np.random.Generator) -> str:
    return f"I {f'{phrase.weight} {phrase.word}'.strip()} {_one_of(SUBJECTS[split], rng)}"


def _article(words: str) -> str:
    return "an" if words[0] in "aeiou" and not words.startswith("use") else "a"


def _one_of(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]
