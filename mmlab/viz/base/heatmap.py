"""A table of tinted numbers as SVG in the page's text colour; cells can be picked.

Combinations head its columns and rows as one dot per modality, filled where it is present, so that they line up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mmlab.viz.base.svg import chip

DOT = 15
FAINTEST, FULLEST = 0.04, 0.62
LABEL_WIDE, LETTER_WIDE, LINE = 150, 6.5, 14
LABEL_FITS = 56.0  # width of a cell under which the labels over columns are smaller


@dataclass(frozen=True)
class Head:
    """The head of a row or column: a combination by its dots, or a label."""

    key: str
    has: tuple[bool, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Cell:
    """pick: what a click says; share: how full the tint is, in 0 to 1; note: for the pointer and the screen reader."""

    text: str
    share: float
    note: str
    colour: str
    pick: str = ""


def combination_dots(x: float, y: float, has: Sequence[bool], letters: Sequence[tuple[str, str]]) -> str:
    """One dot per modality from `x` rightwards: its letter where it is present, a faint dot where it is not."""
    return "".join(_dot(x + DOT * i + 7, y, on, *letters[i]) for i, on in enumerate(has))


def dots_width(count: int) -> float:
    """How wide `combination_dots` is."""
    return DOT * count + 10.0


def grid(
    columns: Sequence[Head],
    rows: Sequence[tuple[Head, Sequence[Cell]]],
    letters: Sequence[tuple[str, str]],
    title: str,
    selected: str = "",
    row_title: str = "",
    column_title: str = "",
    wide: float = 0.0,
    label_wide: float = LABEL_WIDE,
) -> str:
    """The table. letters: letter and colour of each modality, in the task's order; wide: of a cell, label_wide: of the
    labels of rows."""
    count = len(letters)
    crowded = len(columns) > 31
    usual, high = (18, 16) if crowded else (max(34, min(62, 510 // max(len(columns), 1))), 30)
    wide = wide or usual
    left = (dots_width(count) if all(head.has for head, _ in rows) else label_wide) + 6
    lines = max((len(_in_lines(head.label, wide)) for head in columns), default=1)
    top = (DOT * count if any(head.has for head in columns) else 4 + LINE * lines) + (22 if column_title else 6)
    width, height = left + wide * len(columns) + 4, top + high * len(rows) + 4
    inside = []
    for place, head in enumerate(columns):
        inside.append(_column_head(head, left + wide * (place + 0.5), top, wide, letters))
    for index, (head, cells) in enumerate(rows):
        y = top + high * index
        inside.append(_row_head(head, y + high / 2, left, letters))
        for place, cell in enumerate(cells):
            inside.append(
                _cell(cell, left + wide * place, y, wide, high, cell.pick == selected and bool(selected), crowded)
            )
    inside += _titles(row_title, column_title, left, width, top)
    label = escape(title, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mm-grid" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="max-width:{1.25 * width:.0f}px;min-width:{0.65 * width:.0f}px" role="group" '
        f'aria-label="{label}" font-family="system-ui, sans-serif">{"".join(inside)}</svg>'
    )


def _titles(row_title: str, column_title: str, left: float, width: float, top: float) -> list[str]:
    found = []
    if column_title:
        found.append(
            f'<text x="{(left + width) / 2:.1f}" y="12" text-anchor="middle" font-size="12" font-weight="600" '
            f'opacity=".85" fill="currentColor">{escape(column_title)}</text>'
        )
    if row_title:
        found.append(
            f'<text x="0" y="{top - 6:.1f}" font-size="11.5" font-weight="600" opacity=".85" '
            f'fill="currentColor">{escape(row_title)}</text>'
        )
    return found


def _dot(x: float, y: float, on: bool, letter: str, colour: str) -> str:
    if on:
        return chip(x, y, 6.6, letter, colour)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="currentColor" fill-opacity=".3"/>'


def _column_head(head: Head, x: float, top: float, wide: float, letters: Sequence[tuple[str, str]]) -> str:
    if not head.has:
        lines = _in_lines(head.label, wide)
        first = top - 6 - LINE * (len(lines) - 1)
        size = 12 if wide >= LABEL_FITS else 10.5
        style = f'text-anchor="middle" font-size="{size}" opacity=".85" fill="currentColor"'
        return "".join(
            f'<text x="{x:.1f}" y="{first + LINE * place:.1f}" {style}>{escape(line)}</text>'
            for place, line in enumerate(lines)
        )
    first = top - DOT * len(letters) + 4
    return "".join(_dot(x, first + DOT * i, on, *letters[i]) for i, on in enumerate(head.has))


def _in_lines(label: str, wide: float) -> list[str]:
    """The words of a label in lines that fit over a column; a word is never cut."""
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(longer) * LETTER_WIDE > wide:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _row_head(head: Head, y: float, left: float, letters: Sequence[tuple[str, str]]) -> str:
    if head.has:
        return combination_dots(4, y, head.has, letters)
    most = int((left - 8) / LETTER_WIDE)
    shown = head.label if len(head.label) <= most else f"{head.label[: most - 1]}…"
    return (
        f'<text x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end" font-size="12" fill="currentColor">'
        f"<title>{escape(head.label)}</title>{escape(shown)}</text>"
    )


def _cell(cell: Cell, x: float, y: float, wide: float, high: float, selected: bool, crowded: bool) -> str:
    share = cell.share if math.isfinite(cell.share) else 0.0
    fill = FAINTEST + min(1.0, max(0.0, share)) * (FULLEST - FAINTEST)
    ring = 'stroke="currentColor" stroke-width="2.2"' if selected else 'stroke="none"'
    note = escape(cell.note, quote=True)
    box = (
        f'<rect x="{x + 1.5:.1f}" y="{y + 1.5:.1f}" width="{wide - 3:.1f}" height="{high - 3:.1f}" rx="5" '
        f'fill="{cell.colour}" fill-opacity="{fill:.2f}" {ring}/>'
    )
    text = (
        ""
        if crowded
        else f'<text x="{x + wide / 2:.1f}" y="{y + high / 2 + 4.3:.1f}" text-anchor="middle" font-size="12.5" '
        f'fill="currentColor">{escape(cell.text)}</text>'
    )
    if not cell.pick:
        return f"<g><title>{note}</title>{box}{text}</g>"
    return (
        f'<g data-pick="{escape(cell.pick, quote=True)}" role="button" tabindex="0" aria-label="{note}" '
        f'aria-pressed="{str(selected).lower()}"><title>{note}</title>{box}{text}</g>'
    )
