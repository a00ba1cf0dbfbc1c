"""Texts as drawings: the words in lines, and the words in the colours of a map. SVG, to stand where pictures stand.

A word has the width that its letters take on average (`textLength` makes it keep to that in every font), so that lines
break where they should.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.phrases import say

Floats = NDArray[np.floating[Any]]
Colours = Callable[[Floats], NDArray[np.uint8]]
LETTER, SPACE, LINE = 0.56, 0.42, 1.75  # width of a letter, between words, between lines: shares of the letters' size
LONGEST = 24  # letters of a word that are drawn
WIDE, SIZE = 320, 17
MOST = 60  # words that are drawn of a longer text
NARROW = "iljt.,;:!'’|()"
INSIDE = "##"  # how a piece begins that stands inside of a word


@dataclass(frozen=True)
class Placed:
    """A word at its place: `x` and `y` of its left end on the base line, in pixels."""

    word: str
    x: float
    y: float
    width: float


def laid(words: Sequence[str], width: float, size: float, margin: float = 8) -> tuple[list[Placed], float]:
    """The words in lines that fit into `width`, and the height of them all."""
    x, y, found = margin, margin + 0.5 * size * (LINE + 0.7), []
    for parts in _whole(words):
        together = size * sum(map(_wide, parts))
        if x > margin and x + together > width - margin:
            x, y = margin, y + size * LINE
        for part in parts:
            wide = size * _wide(part)
            if x > margin and x + wide > width - margin:  # a word that is longer than a line
                x, y = margin, y + size * LINE
            found.append(Placed(part, x, y, wide))
            x += wide
        x += SPACE * size
    return found, y + 0.5 * size * (LINE - 0.7) + margin


def _whole(words: Sequence[str]) -> list[list[str]]:
    """The pieces of each word, as they are drawn."""
    found: list[list[str]] = []
    for piece in words:
        goes_on = bool(found) and piece.startswith(INSIDE) and piece != INSIDE
        word = piece.removeprefix(INSIDE) if goes_on else piece
        short = word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"
        if goes_on:
            found[-1].append(short)
        else:
            found.append([short])
    return found


def _wide(word: str) -> float:
    """By the size of its letters."""
    return sum(LETTER * (0.55 if letter in NARROW else 1.0) for letter in word)


def drawing(words: Sequence[str], colour: str) -> bytes:
    """The words in one colour as an SVG; of many the first."""
    shown = list(words) if len(words) <= MOST else [*words[:MOST], "…"]
    placed, height = laid(shown, WIDE, SIZE)
    inside = "".join(_word(each, SIZE, colour) for each in placed)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {height:.0f}">{inside}</svg>'.encode()


def heated(
    words: Sequence[str], values: Floats, colours: Colours, width: int, size: float, ink: str
) -> tuple[str, float]:
    """The words on the colours of their values: `colours` gives RGBA `[T, 4]`. The inside of an SVG, and its height.

    A word of which the paint is light enough gets dark letters.
    """
    placed, height = laid(words, width, size)
    shades = colours(np.asarray(values, np.float32)[: len(placed)])
    parts = []
    for each, (red, green, blue, alpha) in zip(placed, shades.tolist(), strict=True):
        top = each.y - 1.05 * size
        parts.append(
            f'<rect x="{each.x - 3:.1f}" y="{top:.1f}" width="{each.width + 6:.1f}" height="{1.45 * size:.1f}" rx="4" '
            f'fill="rgb({red},{green},{blue})" fill-opacity="{alpha / 255:.2f}"/>'
        )
        bright = (0.3 * red + 0.59 * green + 0.11 * blue) * alpha / 255 > 120
        parts.append(_word(each, size, "#14181F" if bright else ink))
    return "".join(parts), height


def joined(words: Sequence[str]) -> str:
    """Words and subwords as a text."""
    parts = [word.removeprefix(INSIDE) if word.startswith(INSIDE) else f" {word}" for word in words]
    return "".join(parts).strip()


def weighed(words: Sequence[str], values: Floats) -> str:
    """The words that stand out most, for those who do not see the colours."""
    order = np.argsort(-np.abs(values[: len(words)]), kind="stable")[:3]
    named = ", ".join(f"{_alone(words[i])} {100 * values[i]:.0f} %" for i in order if values[i])
    return say("Most: {words}.", words=named) if named else say("No word stands out.")


def _alone(word: str) -> str:
    """A piece outside of its word."""
    return f"…{word.removeprefix(INSIDE)}" if word.startswith(INSIDE) else word


def _word(placed: Placed, size: float, colour: str) -> str:
    place = f'x="{placed.x:.1f}" y="{placed.y:.1f}" textLength="{placed.width:.1f}" lengthAdjust="spacingAndGlyphs"'
    style = f'font-size="{size:g}" font-family="system-ui, sans-serif" fill="{colour}"'
    return f"<text {place} {style}>{escape(placed.word)}</text>"
