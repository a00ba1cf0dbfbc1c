"""The size of a lattice's nodes and their readable content: sizes are about those on the screen, beside the predictions
and on a phone, and one and a half times as large on a projector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

FEW, NARROW_COUNT = 3, 4  # modalities: of few, all rows are short; the middle layer of four fits into one if need be
MOST_LINES = 3  # of an answer; longer ones end in an ellipsis, and are said in full by the label of the node
MOST_LISTED = 2  # lines of several labels; those without room are counted
PADDING = 3.0  # between the text and the side of its box

# Widths of letters in system fonts, as shares of their size, on the wide side
_NARROW, _WIDE, _USUAL, _CAPITAL, _DIGIT = 0.36, 0.95, 0.6, 0.74, 0.64
_WIDTHS = {**dict.fromkeys("iljtfrI.,:;'|!() ", _NARROW), **dict.fromkeys("mwMWQO%@✓✗…=≠<>+−±", _WIDE)}


AnswerText = str | tuple[str, ...]  # an answer; of one that has several labels, each


@dataclass(frozen=True)
class NodeShape:
    """The box of a combination. per_row: boxes beside each other; gap: between them; chip: the radius of a letter's
    circle; one, several: the size of text in one line, and in more; lines: how many there is room for."""

    wide: float = 66
    per_row: int = 6
    gap: float = 8
    chip: float = 8.5
    one: float = 11.5
    several: float = 9.5
    lines: int = 2

    @property
    def high(self) -> float:
        """Chips, and the lines below them."""
        return self.text_from + (self.lines - 1) * self.line + 0.45 * self.one

    @property
    def line(self) -> float:
        """From one line to the next."""
        return 1.1 * self.several

    @property
    def chips_at(self) -> float:
        """The middle of the chips, from the top."""
        return self.chip + 5

    @property
    def text_from(self) -> float:
        """Where the first line stands, from the top."""
        return self.chips_at + self.chip + 0.95 * self.several


PLAIN = NodeShape()
NARROW = NodeShape(wide=56, gap=2.4, chip=5.8, one=11, several=11)
MANY = NodeShape(wide=80, per_row=4, gap=4.5, chip=5.8, one=11, several=11)


def fitting(modalities: int, said: Sequence[tuple[AnswerText, str]]) -> NodeShape:
    """The shape in which all of that can be read: per node the answer, and its sign with the share."""
    if modalities <= FEW:
        return _tall_enough(PLAIN, said)
    if modalities == NARROW_COUNT:
        words = [word for answer, _ in said for word in " ".join(_parts(answer)).split()]
        longest = max((text_width(word, NARROW.several, True) for word in words), default=0)
        if longest <= NARROW.wide - 2 * PADDING:
            return _tall_enough(NARROW, said)
    return _tall_enough(MANY, said)


def in_lines(answer: AnswerText, sign: str, shape: NodeShape) -> list[tuple[str, str]]:
    """An answer and its sign as lines, each a bold and a plain part; both in one where there is room."""
    answer = listed(_parts(answer), shape)
    if _fits(answer, sign, shape, shape.one):
        return [(answer, sign)]
    *above, last = _broken(answer, shape.wide - 2 * PADDING, shape.several)
    name, _, number = last.partition(" ")
    if _fits(last, sign, shape, shape.several):
        end = [(last, sign)]
    elif len(sign) == 1 and number and _fits(number, sign, shape, shape.several):
        end = [(name, ""), (number, sign)]  # `mIoU` over `51 % ✓`: a sign alone would stand lost
    else:
        end = [(last, ""), ("", sign)]
    return [*((line, "") for line in above), *end]


def listed(names: Sequence[str], shape: NodeShape) -> str:
    """The first of several labels for which there is room, and how many more there are.

    >>> listed(("Drama", "War", "History", "Film-Noir"), MANY)
    'Drama, War +2'
    """
    for count in range(len(names), 1, -1):
        text = _with_rest(names, count)
        if len(_all_lines(text, shape.wide - 2 * PADDING, shape.several)) <= MOST_LISTED:
            return text
    return _with_rest(names, 1)


def _with_rest(names: Sequence[str], count: int) -> str:
    rest = len(names) - count
    return ", ".join(names[:count]) + (f" +{rest}" if rest else "")


def _parts(answer: AnswerText) -> tuple[str, ...]:
    return (answer,) if isinstance(answer, str) else answer


def size_of(lines: Sequence[tuple[str, str]], shape: NodeShape) -> float:
    """The size of letters of what stands in a node."""
    return shape.one if len(lines) == 1 and _fits(*lines[0], shape, shape.one) else shape.several


def _fits(bold: str, rest: str, shape: NodeShape, size: float) -> bool:
    """Whether a line of a bold and a plain part has room in a box."""
    return text_width(f"{bold} ", size, True) + text_width(rest, size) <= shape.wide - 2 * PADDING


def text_width(text: str, size: float, is_bold: bool = False) -> float:
    """About how wide a text is, rather too wide than too narrow."""
    return size * sum(map(_letter_width, text)) * (1.06 if is_bold else 1.0)


def _tall_enough(shape: NodeShape, said: Sequence[tuple[AnswerText, str]]) -> NodeShape:
    most = max((len(in_lines(answer, sign, shape)) for answer, sign in said), default=1)
    return replace(shape, lines=most if shape.per_row < PLAIN.per_row else max(2, most))


def _letter_width(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if ord(letter) > 0x2E80:  # of Chinese and its like, a letter fills a square
        return 1.0
    if letter.isdigit():
        return _DIGIT
    return _CAPITAL if letter.isupper() or not letter.isalnum() else _USUAL


def _broken(text: str, wide: float, size: float) -> list[str]:
    """A text in a few lines of at most this width; what has no room is an ellipsis."""
    lines = _all_lines(text, wide, size)
    if len(lines) > MOST_LINES:
        last = lines[MOST_LINES - 1]
        while last and text_width(f"{last}…", size, True) > wide:
            last = last[:-1]
        lines = [*lines[: MOST_LINES - 1], f"{last}…"]
    return lines


def _all_lines(text: str, wide: float, size: float) -> list[str]:
    """A text in lines of at most this width: between words, and within one that is longer than a line."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if text_width(joined, size, True) <= wide:
            lines[-1] = joined
            continue
        pieces = _pieces(word, wide, size)
        lines = [*(line for line in lines if line), *pieces]
    return lines


def _pieces(word: str, wide: float, size: float) -> list[str]:
    """A word in pieces of about the same length, with hyphens, where it is wider than a line."""
    count = ceil(text_width(word, size, True) / wide)
    while True:
        step = ceil(len(word) / count)
        pieces = [word[start : start + step] for start in range(0, len(word), step)]
        pieces = [f"{piece}-" for piece in pieces[:-1]] + pieces[-1:]
        if step == 1 or all(text_width(piece, size, True) <= wide for piece in pieces):
            return pieces
        count += 1
