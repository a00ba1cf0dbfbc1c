"""A drawing with its numbers: shown on a page, saved as SVG, PNG and CSV, and put into a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmlab.core.csv_file import as_csv
from mmlab.viz.base.svg import standalone


@dataclass(frozen=True)
class Figure:
    """name: for files; title: for people; drawing: SVG in the page's ink; header and rows: its numbers.

    note: what the drawing rests on: samples, rule, measure.
    """

    name: str
    title: str
    drawing: str
    header: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    note: str = ""

    @property
    def csv(self) -> str:
        """The numbers as a file; `#` before what they rest on."""
        rows = ([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in self.rows)
        return as_csv(self.header, rows, note=self.note)

    @property
    def file(self) -> str:
        """The drawing as an SVG file with ink and paper of its own."""
        return standalone(self.drawing)
