"""What an error says, in the language of the page: errors speak English wherever they are raised, with what they are
about filled in; here the sentence is found again behind it.

>>> refusals.translated("a.png has 40 MB; the limit is 8 MB.")          # of a page in German
'a.png hat 40 MB; die Grenze sind 8 MB.'

A sentence stands in `phrases/refusals.toml` with its places, `{label} has {value} MB; the limit is {value2} MB.`, and
the one of which most stands in the text is taken. What fills a place may be such a sentence in its turn, and so may
what stands behind the place that a sentence is about: `manifest.csv, line 7, sound: The file is empty.`
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter

from mmlab.core.errors import MmlabError
from mmlab.core.phrases import ENGLISH, say
from mmlab.ui.text import language

AREA = "refusals"
DEEPEST = 3  # sentences in places of sentences
_LINE = re.compile(r"(.+?), line (\d+)(, .+)?")
_ENDS = re.compile(r"(?<=[.!?]) +(?=[A-Z'{`])")  # between two sentences


@dataclass(frozen=True)
class _Pattern:
    """A sentence in English, cut at its places, and what it is in another language."""

    pieces: tuple[str, ...]
    places: tuple[str, ...]
    translated: str

    @property
    def length(self) -> int:
        return sum(map(len, self.pieces))


def translated(text: str) -> str:
    """One or two sentences of an error in the language of the page; unchanged if not translated."""
    code = language.current()
    return text if code == ENGLISH else _translated(text, code, DEEPEST)


def both(error: MmlabError) -> tuple[str, str]:
    """Message and hint of an error, translated."""
    return translated(error.message), translated(error.hint)


def message_and_hint(error: BaseException) -> str:
    """Message and hint of an error in one text, translated."""
    if not isinstance(error, MmlabError):
        return translated(str(error))
    return " ".join(both(error)).strip()


def _translated(text: str, code: str, depth: int) -> str:
    if (found := language.translated(text)) != text:
        return found
    best, filled = _best(text, code)
    place, between, what = text.partition(": ")
    if between and depth and _letters(what, code) > (best.length if best else 0):
        return say("{place}: {what}", place=_place(place), what=_translated(what, code, depth - 1))
    if best is not None:
        deeper = {place: _translated(value, code, depth - 1) if depth else value for place, value in filled.items()}
        return best.translated.format(**deeper)
    parts = _ENDS.split(text)
    if len(parts) > 1 and depth:
        return " ".join(_translated(part, code, depth - 1) for part in parts)
    return f"{_place(place)}: {what}" if between else text


def _best(text: str, code: str) -> tuple[_Pattern | None, Mapping[str, str]]:
    """The sentence of which most stands in a text, and what fills its places."""
    return max(
        ((each, values) for each in _patterns(code) if (values := _values(each, text)) is not None),
        key=lambda pair: pair[0].length,
        default=(None, {}),
    )


def _letters(text: str, code: str) -> int:
    """How much of a text is a sentence that is known."""
    best, _ = _best(text, code)
    return len(text) if language.translated(text) != text else best.length if best else 0


def _place(text: str) -> str:
    """What a sentence is about: `manifest.csv, line 7, sound`; as it is where that is no line of a file."""
    if line := _LINE.fullmatch(text):
        file, number, column = line.groups(default="")
        return say("{file}, line {line}", file=file, line=number) + column
    return text


def _values(pattern: _Pattern, text: str) -> Mapping[str, str] | None:
    """What fills the places of a sentence, each as short as can be; None where the text is another one."""
    first, *rest = pattern.pieces
    if not text.startswith(first):
        return None
    found, at = dict[str, str](), len(first)
    for place, piece in zip(pattern.places, rest, strict=True):
        is_last = len(found) == len(pattern.places) - 1
        end = len(text) - len(piece) if is_last else text.find(piece, at)
        if end < at or not text.startswith(piece, end) or _ENDS.search(text, at, end):
            return None
        found[place], at = text[at:end], end + len(piece)
    return found if at == len(text) else None


@cache
def _patterns(code: str) -> tuple[_Pattern, ...]:
    """The sentences of a language that have places, or signs that `str.format` takes for some."""
    found = []
    for english, translated in language.area(code, AREA).items():
        pieces, places = [""], []
        for literal, place, *_ in Formatter().parse(english):
            pieces[-1] += literal
            if place is not None:
                places.append(place)
                pieces.append("")
        found.append(_Pattern(tuple(pieces), tuple(places), translated))
    return tuple(found)
