"""Corruptions of texts, as in typing. At least one word is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.recordings import Text
from mmlab.modalities.text.tokenize import has_words

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")  # of keys; a finger that misses hits the one beside
BESIDE = {
    key: row[max(place - 1, 0) : place] + row[place + 1 : place + 2] for row in ROWS for place, key in enumerate(row)
}


def _mistyped(text: str, share: float, rng: np.random.Generator) -> str:
    """Letters hit beside, left out, doubled, or swapped with the next one."""
    letters = list(text)
    places = [place for place, letter in enumerate(letters) if letter.lower() in BESIDE]
    for place in rng.permutation(places)[: max(1, round(share * len(places)))]:
        letters[place] = _slip(letters, int(place), rng)
    return "".join(letters)


def _slip(letters: list[str], place: int, rng: np.random.Generator) -> str:
    """What stands in the place of a letter afterwards; may change the next one, too."""
    letter, kind = letters[place], rng.choice(("beside", "lost", "twice", "swapped"), p=(0.4, 0.25, 0.1, 0.25))
    if kind == "swapped" and place + 1 < len(letters) and letters[place + 1].isalpha():
        letters[place + 1], other = letter, letters[place + 1]
        return other
    beside = letters[max(place - 1, 0) : place] + letters[place + 1 : place + 2]
    if kind == "lost" and any(each.isalpha() for each in beside):  # a word of one letter stays
        return ""
    if kind == "twice":
        return letter * 2
    keys = BESIDE.get(letter.lower(), letter)
    hit = keys[int(rng.integers(len(keys)))]
    return hit.upper() if letter.isupper() else hit


def _lost(text: str, share: float, rng: np.random.Generator) -> str:
    words = text.split()
    lost = set(rng.permutation(len(words))[: min(max(1, round(share * len(words))), len(words) - 1)].tolist())
    return " ".join(word for place, word in enumerate(words) if place not in lost)


def _cut(text: str, share: float, rng: np.random.Generator) -> str:
    words = text.split()
    return " ".join(words[: max(1, len(words) - max(1, round(share * len(words))))])


def _mixed(text: str, share: float, rng: np.random.Generator) -> str:
    """Some of the words change places among themselves."""
    words = text.split()
    places = np.sort(rng.permutation(len(words))[: max(2, round(share * len(words)))])
    for place, word in zip(np.roll(places, 1), [words[place] for place in places], strict=True):
        words[place] = word
    return " ".join(words)


TABLE: dict[str, Corruption] = {
    "typos": Corruption("Typing errors", "share of letters", (0.03, 0.08, 0.15, 0.25, 0.4), _mistyped),
    "lost": Corruption("Missing words", "share of words that are gone", (0.1, 0.25, 0.4, 0.6, 0.8), _lost),
    "cut": Corruption("Truncation", "share of words that are missing at the end", (0.1, 0.25, 0.4, 0.6, 0.8), _cut),
    "mixed": Corruption("Shuffled words", "share of words in another place", (0.15, 0.3, 0.5, 0.75, 1.0), _mixed),
}


def apply(raw: Text, act: Act, strength: float, rng: np.random.Generator) -> Text:
    """The text after `act`; the same where that would leave no word."""
    found = act(raw.text, strength, rng) if raw.text.strip() else ""
    return replace(raw, text=found) if has_words(found) else raw
