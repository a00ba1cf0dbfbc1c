"""Tables as CSV: the only place that writes them, so that no user-given name can act as a spreadsheet formula.

A cell that a spreadsheet would compute gets an apostrophe in front, as its own users write it (OWASP, CSV Injection).
Numbers stay numbers, signs and all.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?( ?%)?|[+-]?(inf|nan)", re.IGNORECASE)
PARTED = r"\1'"
_INSIDE = re.compile(r"([,;\t]\s*)(?=[=+\-@＝＋－＠])")


def as_csv(header: Iterable[object], rows: Iterable[Iterable[object]], delimiter: str = ",", note: str = "") -> str:
    """A table with a line end of `\\n`; `note` stands above it behind a `#`.

    Numbers are written as they are given: whoever wants fewer digits gives them as text.
    """
    target = io.StringIO()
    if note:
        target.write(f"# {_INSIDE.sub(PARTED, ' '.join(note.split()))}\n")
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([harmless(cell) for cell in row])
    return target.getvalue()


def verbatim(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table that mmlab itself reads again, its cells as a person wrote them: `-0.5 1.2` must not become a text."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([header, *rows])
    return target.getvalue()


def harmless(cell: object) -> object:
    """The cell, with an apostrophe in front if it is a text that a spreadsheet would compute; `\\r` as `\\n`."""
    if not isinstance(cell, str):
        return cell
    computed = cell.startswith(FORMULA) and not _NUMBER.fullmatch(cell)
    text = cell.replace("\r\n", "\n").replace("\r", "\n")  # the writer quotes line ends of its own kind only
    return f"'{text}" if computed else text
