"""Overall scores of the methods: an HTML table that becomes a block per method on narrow screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Head:
    """A column: its label and what it says; sorted_by: whether the rows are in its order."""

    label: str
    about: str = ""
    sorted_by: bool = False


def table(heads: Sequence[Head], rows: Sequence[Sequence[str]]) -> str:
    """The table. The first cell of a row names it; each cell carries its label for screens without room for a head."""
    top = "".join(_head(head) for head in heads)
    body = "".join(_row(heads, row) for row in rows)
    return f'<table class="mm-scores"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _head(head: Head) -> str:
    order = ' aria-sort="other"' if head.sorted_by else ""
    mark = " ▾" if head.sorted_by else ""
    return f'<th scope="col"{order} title="{escape(head.about, quote=True)}">{escape(head.label)}{mark}</th>'


def _row(heads: Sequence[Head], row: Sequence[str]) -> str:
    cells = "".join(
        f'<td data-label="{escape(head.label, quote=True)}">{escape(cell)}</td>'
        for head, cell in zip(heads[1:], row[1:], strict=True)
    )
    return f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>'
