"""Subwords, learned from texts by byte-pair encoding (Sennrich et al., ACL 2016), on Unicode letters.

A piece that goes on within a word begins with `##`. Merges are learned inside words only, the most frequent pair first;
of pairs that are as frequent, the first in the order of their letters, so that every machine learns the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import regex
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from mmlab.core.errors import DataError
from mmlab.core.token_numbers import BASE
from mmlab.modalities.text.tokenize import words_of
from mmlab.storage import strict_json

FORMAT = "mmlab-subwords-1"
INSIDE = "##"
UNKNOWN = "<unknown>"
LEAST = 2  # times that a pair has to be there
USUAL, MOST = 1000, BASE  # pieces: each has a number of its own
LARGEST_FILE = 500_000  # bytes
_LETTERS = regex.compile(r"\X")
Pair = tuple[str, str]
Piece = Annotated[str, Field(min_length=1, max_length=80)]


@with_config(ConfigDict(extra="forbid", strict=True))
class _File(TypedDict):
    """A vocabulary as it lies in a folder."""

    format: Literal["mmlab-subwords-1"]
    letters: Annotated[list[Piece], Field(max_length=MOST)]
    merges: Annotated[list[Annotated[list[Piece], Field(min_length=2, max_length=2)]], Field(max_length=MOST)]


@dataclass(frozen=True)
class Subwords:
    """letters: single letters that were met, those inside of words with `##`. merges: pairs that became one, in order.

    A piece's number is its place: 0 is what is not known, then the letters, then what each merge makes.
    """

    letters: tuple[str, ...]
    merges: tuple[Pair, ...]
    numbers: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces = (UNKNOWN, *self.letters, *(_joined(*pair) for pair in self.merges))
        object.__setattr__(self, "numbers", {piece: place for place, piece in reversed(list(enumerate(pieces)))})

    def __len__(self) -> int:
        return 1 + len(self.letters) + len(self.merges)

    @cached_property
    def _ranks(self) -> dict[Pair, int]:
        return {pair: place for place, pair in enumerate(self.merges)}

    def pieces(self, text: str) -> list[tuple[str, int]]:
        """The pieces of a text, each with its number; letters that were never met are numbered 0."""
        found = [piece for word in words_of(text) for piece in _split(_symbols(word), self._ranks)]
        return [(piece, self.numbers.get(piece, 0)) for piece in found]

    @property
    def digest(self) -> str:
        """What tells it from another vocabulary."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()[:16]

    def as_json(self) -> str:
        """What its file holds."""
        held = {"format": FORMAT, "letters": list(self.letters), "merges": [list(pair) for pair in self.merges]}
        return json.dumps(held, ensure_ascii=False, indent=0) + "\n"


def learned(texts: Iterable[str], size: int = USUAL) -> Subwords:
    """A vocabulary of up to `size` pieces."""
    counts = Counter(word for text in texts for word in words_of(text))
    words = [_symbols(word) for word in sorted(counts)]
    times = [counts[word] for word in sorted(counts)]
    letters: Counter[str] = Counter()
    for word, often in zip(words, times, strict=True):
        letters.update(dict.fromkeys(word, often))
    room = size - 1
    usual = sorted(letters, key=lambda letter: (-letters[letter], letter))[:room]
    return Subwords(tuple(sorted(usual)), tuple(_merges(words, times, room - len(usual))))


def read(file: Path) -> Subwords:
    """The vocabulary in a file, which may be damaged or hostile. Raises DataError."""
    hint = "Make it again: python -m mmlab tokens FOLDER --by bpe"
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise DataError(f"'{file.name}' is larger than a vocabulary of pieces is.", hint)
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"There is no vocabulary '{file.name}' that can be read.", hint) from error
    return _read(content, file.name, hint)


@lru_cache(maxsize=8)
def _read(content: bytes, name: str, hint: str) -> Subwords:
    found: _File = strict_json.checked(content, _File, f"'{name}'", hint)
    made = Subwords(tuple(found["letters"]), tuple((one, other) for one, other in found["merges"]))
    if len(made) > MOST:
        raise DataError(f"'{name}' has {len(made):,} pieces; the most are {MOST:,}.", hint)
    return made


def _symbols(word: str) -> list[str]:
    """The letters of a word, each with its marks; all but the first with `##`."""
    first, *rest = _LETTERS.findall(word)
    return [first, *(INSIDE + letter for letter in rest)]


def _joined(one: str, other: str) -> str:
    return one + other.removeprefix(INSIDE)


def _split(symbols: list[str], ranks: Mapping[Pair, int]) -> list[str]:
    """The pieces of a word: of the pairs in it the one that was learned first is joined, until none is known."""
    while known := [pair for pair in pairwise(symbols) if pair in ranks]:
        symbols = _merged(symbols, min(known, key=ranks.__getitem__))
    return symbols


def _merged(symbols: Sequence[str], pair: Pair) -> list[str]:
    found: list[str] = []
    place = 0
    while place < len(symbols):
        if tuple(symbols[place : place + 2]) == pair:
            found.append(_joined(*pair))
            place += 2
        else:
            found.append(symbols[place])
            place += 1
    return found


def _merges(words: list[list[str]], times: Sequence[int], room: int) -> Iterator[Pair]:
    """The pairs to be joined, in order; `words` are changed as they are joined."""
    counts: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, word in enumerate(words):
        _count(word, place, times[place], counts, where)
    for _ in range(room):
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < LEAST:
            return
        yield best
        for place in sorted(where[best]):
            _count(words[place], place, -times[place], counts, where)
            words[place] = _merged(words[place], best)
            _count(words[place], place, times[place], counts, where)


def _count(
    word: Sequence[str], place: int, often: int, counts: Counter[Pair], where: defaultdict[Pair, set[int]]
) -> None:
    for pair in pairwise(word):
        counts[pair] += often
        if counts[pair] <= 0:
            del counts[pair]
        if often > 0:
            where[pair].add(place)
        else:
            where[pair].discard(place)
