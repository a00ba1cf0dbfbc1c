"""A drawing with its numbers: what a page shows, saves as SVG, PNG and CSV, and puts into a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

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
        target = io.StringIO()
        if self.note:
            target.write(f"# {self.note}\n")
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in self.rows)
        return target.getvalue()

    @property
    def file(self) -> str:
        """The drawing as an SVG file with ink and paper of its own."""
        return standalone(self.drawing)
