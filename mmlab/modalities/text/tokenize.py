"""Words as model inputs: uploaded bytes -> text -> words -> two integers per word.

A word is known by two numbers: a hash of the whole word and one of its beginning. A model adds up what it learned for
each of the two (hash embeddings, Svenstrup et al., NeurIPS 2017): no list of words, hardly two words that share both
numbers, and a form of a word that was never met (`entertains`) is known by its beginning.

Words and letters are those of Unicode: a letter keeps its marks. Scripts that are written without spaces between words
are taken sign by sign, since finding their words takes a dictionary.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache

import numpy as np
import regex
import torch

from mmlab.core.errors import DataError
from mmlab.core.modality import WORD_IDS
from mmlab.core.recordings import Raw, Text
from mmlab.core.task import PreparedInput
from mmlab.modalities.files import shown_name

MOST_WORDS = 32
TEXT_BYTES = 64_000
LONGEST_WORD = 40
BEGINNING = 4  # letters, each with its marks
TEXT_HINT = "Type or upload a sentence or two as plain text (UTF-8)."
JOINERS = "\u200c\u200d"  # which shape letters, and make one emoji of several
UNSPACED = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
SIGN_BY_SIGN = "It is written without spaces between words: it was taken sign by sign."
_LETTER = rf"[[\p{{L}}\p{{N}}]--[{UNSPACED}]]"
_RUN = rf"{_LETTER}(?:{_LETTER}|[\p{{M}}{JOINERS}])*+"
_SIGN = regex.compile(rf"[[\p{{L}}\p{{N}}]&&[{UNSPACED}]]\p{{M}}*+", regex.V1)
_EMOJI = r"(?=[\p{Extended_Pictographic}\p{RI}--[©®™]])\X"
_SAID = rf"{_RUN}(?:'{_RUN})*+|{_SIGN.pattern}|{_EMOJI}"
_WORD = regex.compile(rf"{_SAID}|[!?]", regex.V1)
_WORDS = regex.compile(_SAID, regex.V1)
_LETTERS = regex.compile(r"\X")


def read_text(content: bytes, name: str = "") -> Text:
    """Plain UTF-8 text: line breaks become spaces, other control characters are dropped. Raises DataError."""
    label = shown_name(name, "The text")
    if len(content) > TEXT_BYTES:
        raise DataError(f"{label} has {len(content) / 1e3:.0f} kB; the limit is {TEXT_BYTES // 1000} kB.", TEXT_HINT)
    try:
        found = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{label} is not text in UTF-8.", TEXT_HINT) from error
    if "\0" in found:
        raise DataError(f"{label} is not a text but some other file.", TEXT_HINT)
    plain = "".join(letter if _is_shown(letter) else " " if letter.isspace() else "" for letter in found)
    return check_has_words(Text(" ".join(plain.split())), label)


def _is_shown(letter: str) -> bool:
    """Not a control, formatting (such as one that turns the direction of writing) or unassigned character.

    What joins letters or emojis is kept: it is a part of them.
    """
    return letter in JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def check_has_words(text: Text, label: str = "The text") -> Text:
    """The same text. Raises DataError where it has no word in it."""
    if not has_words(text.text[:TEXT_BYTES]):
        raise DataError(f"{label} has no words in it.", TEXT_HINT)
    return text


def has_words(text: str) -> bool:
    """Whether there is a word, a number or an emoji in it."""
    return _WORDS.search(text) is not None


def encode_text(text: Text) -> bytes:
    """A line of UTF-8."""
    return f"{text.text}\n".encode()


def words_of(text: str) -> list[str]:
    """Words without case, emojis, `!` and `?`; `isn't` becomes `is` and `n't`, so that a negation is a word of its own.

    The Turkish İ counts as i; signs of scripts without spaces are words.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("i\u0307", "i")
    plain = unicodedata.normalize("NFKC", folded).replace("’", "'")
    found: list[str] = []
    for word in _WORD.findall(plain):
        stem = word.removesuffix("n't")
        found += [stem, "n't"] if stem and stem != word else [word]
    return [word[:LONGEST_WORD] for word in found]


@lru_cache(maxsize=50_000)
def ids_of(word: str) -> tuple[int, int]:
    """The two numbers of a word, 1 to WORD_IDS - 1, the same on every machine."""
    return _hashed(f"{word} "), _hashed("".join(_LETTERS.findall(word)[:BEGINNING]))


def _hashed(letters: str) -> int:
    digest = hashlib.blake2b(letters.encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "little") % (WORD_IDS - 1)


def prepare_text(text: Raw, most: int = MOST_WORDS) -> PreparedInput:
    """Words as `[2, most]` whole numbers below WORD_IDS, 0 where there is no word. Raises DataError for no words."""
    if not isinstance(text, Text):
        raise DataError("This is not a text.", TEXT_HINT)
    check_has_words(text)
    words, notes = words_of(text.text), []
    if any(map(_SIGN.fullmatch, words)):
        notes.append(SIGN_BY_SIGN)
    if len(words) > most:
        notes.append(f"Took the first {most} of {len(words):,} words.")
        words = words[:most]
    values = np.zeros((2, most), np.float32)
    values[:, : len(words)] = np.array([ids_of(word) for word in words], np.float32).T
    return PreparedInput(torch.from_numpy(values), tuple(notes), tuple(words))
