"""Draws the `Diagram` of a method in two panels: what is trained, and what happens when an input is missing.

SVG that takes its ink from the page (`currentColor`), so it is right in light and dark. Filled boxes learn, dashed
ones stand still or are gone. At most three modalities are drawn; the second of them is the one that goes missing.

>>> draw(METHODS["dmrnet"].diagram, letters=("I", "S", "P"), missing="sound")
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from html import escape
from itertools import pairwise
from math import cos, sin

from mmlab.core import diagram as shapes
from mmlab.core.modality import spoken
from mmlab.core.phrases import say
from mmlab.viz.base.diagram_canvas import WIDE, Letters, Panel
from mmlab.viz.base.theme import ACCENT, MUTED, WRONG

COLOURS = {shapes.ACCENT: ACCENT, shapes.MUTED: MUTED, shapes.WRONG: WRONG, "": ""}
MISSING = 1  # of the inputs, in the second panel
TURNS = (-2.5, 2.9, 2.2)  # where inputs lie on a circle, in radians


def draw(diagram: shapes.Diagram | None, letters: Letters, missing: str) -> str:
    """Both panels as HTML; empty for a method without a drawing. `missing` names the second modality."""
    if diagram is None:
        return ""
    titles = (say("During training"), say("When the {input} is missing", input=spoken(missing)))
    pairs = zip(titles, (diagram.training, diagram.missing), (False, True), strict=True)
    figures = (
        f"<figure><figcaption>{escape(title)}</figcaption>{_sheet(title, parts, letters, gone)}</figure>"
        for title, parts, gone in pairs
    )
    return f'<div class="mm-drawing">{"".join(figures)}</div>'


def training(diagram: shapes.Diagram | None, letters: Letters) -> str:
    """The first panel alone; empty for a method without a drawing."""
    return "" if diagram is None else _sheet(say("During training"), diagram.training, letters, False)


def _sheet(title: str, parts: Iterable[shapes.Shape], letters: Letters, gone: bool) -> str:
    sheet = Sheet(title, letters[:3], gone)
    for shape in parts:
        add(shape, sheet)
    return sheet.svg


class Sheet(Panel):
    """A panel with the inputs of a task. gone: the second one is missing; averaged: something stands in for it.

    rows: the height of each input.
    """

    def __init__(self, title: str, letters: Letters, gone: bool) -> None:
        super().__init__(title)
        self.letters, self.gone, self.averaged = letters, gone, False
        self.rows = spread(letters)

    def off(self, index: int) -> bool:
        """Whether nothing comes from an input."""
        return self.gone and index == MISSING and not self.averaged


def spread(letters: Letters, middle: float = 100, gap: float = 58) -> list[float]:
    """A height for each modality."""
    return [middle + gap * (index - (len(letters) - 1) / 2) for index in range(len(letters))]


@singledispatch
def add(shape: shapes.Shape, sheet: Sheet) -> None:
    """Draw one shape."""
    raise TypeError(f"A {type(shape).__name__} cannot be drawn.")


@add.register
def _(shape: shapes.Inputs, sheet: Sheet) -> None:
    sheet.rows = spread(sheet.letters, shape.middle, shape.gap)
    sheet.averaged = shape.average
    for index, y in enumerate(sheet.rows):
        missing = sheet.gone and index == MISSING
        sheet.chip(22, y, sheet.letters, index, not missing)
        if missing and shape.average:
            sheet.text(22, y + 22, say("average"), size=11, room=44)
        sheet.arrow(37, y, 60, y, faint=sheet.off(index))
        sheet.box(96, y, 70, say(shape.network), shapes.GONE if sheet.off(index) else shapes.LEARNS)


@add.register
def _(shape: shapes.Each, sheet: Sheet) -> None:
    for index, y in enumerate(sheet.rows):
        if shape.arrow_from:
            sheet.arrow(shape.arrow_from, y, shape.x - shape.wide / 2 - 1, y, faint=sheet.off(index))
        sheet.box(
            shape.x, y, shape.wide, say(shape.text), shapes.GONE if sheet.off(index) else shapes.LEARNS, shape.high
        )


@add.register
def _(shape: shapes.Join, sheet: Sheet) -> None:
    for index, y in enumerate(sheet.rows):
        off = sheet.off(index)
        if off and shape.only_present:
            continue
        wide = shape.first_wide if shape.first_wide and index == 0 else shape.wide
        sheet.arrow(shape.x, y, shape.to_x, shape.middle + shape.pull * (y - shape.middle), faint=off, wide=wide)


@add.register
def _(shape: shapes.Exchange, sheet: Sheet) -> None:
    for first, second in pairwise(sheet.rows):
        sheet.arrow(shape.x - 12, first + 16, shape.x - 12, second - 17, WRONG)
        sheet.arrow(shape.x + 12, second - 16, shape.x + 12, first + 17, WRONG)


@add.register
def _(shape: shapes.Subsets, sheet: Sheet) -> None:
    count = len(sheet.letters)
    codes = sorted(range(1, 2**count), key=lambda code: (code.bit_count(), code))
    wanted = 2**count - 1 - 2**MISSING
    by_size = [[code for code in codes if code.bit_count() == size] for size in range(1, count + 1)]
    for size, row in enumerate(by_size, 1):
        y = 100 + 58 * (size - (count + 1) / 2)
        for place, code in enumerate(row):
            x = WIDE / 2 + 112 * (place - (len(row) - 1) / 2)
            faded = sheet.gone and code != wanted
            sheet.box(x, y, 100, "", shapes.GONE if faded else shapes.LEARNS, high=40)
            inside = [index for index in range(count) if code >> index & 1]
            for spot, index in enumerate(inside):
                sheet.chip(x + 30 * (spot - (len(inside) - 1) / 2), y, sheet.letters, index, not faded, r=11)


@add.register
def _(shape: shapes.Chips, sheet: Sheet) -> None:
    for index in range(len(sheet.letters)):
        on = not shape.pale and not (shape.without_second and index == MISSING)
        sheet.chip(16 + 26 * index, shape.y, sheet.letters, index, on, r=11)


@add.register
def _(shape: shapes.Codes, sheet: Sheet) -> None:
    x, y, r = shape.x, shape.y, shape.radius
    sheet.oval(x, y, r, r, MUTED, 0.05)
    spots = [(x + r * cos(turn), y + r * sin(turn)) for turn in TURNS[: len(sheet.letters)]]
    for index, (a, b) in enumerate(spots):
        sheet.chip(round(a, 1), round(b, 1), sheet.letters, index, not sheet.off(index), r=10)
    if shape.mean:
        there = [spot for index, spot in enumerate(spots) if not sheet.off(index)]
        middle = [sum(spot[axis] for spot in there) / len(there) for axis in (0, 1)]
        sheet.oval(middle[0], middle[1], 5, 5, ACCENT, 1)
        sheet.text(middle[0] + 10, middle[1], say(shape.mean), size=11.5, at="start")


@add.register
def _(shape: shapes.Box, sheet: Sheet) -> None:
    sheet.box(shape.x, shape.y, shape.wide, say(shape.text), shape.look, shape.high)


@add.register
def _(shape: shapes.Arrow, sheet: Sheet) -> None:
    sheet.arrow(shape.x, shape.y, shape.to_x, shape.to_y, COLOURS[shape.colour], shape.faint, shape.wide)


@add.register
def _(shape: shapes.Oval, sheet: Sheet) -> None:
    sheet.oval(shape.x, shape.y, shape.width, shape.height, COLOURS[shape.colour], shape.fill)


@add.register
def _(shape: shapes.Grid, sheet: Sheet) -> None:
    sheet.grid(shape.x, shape.y, shape.side, shape.shades)


@add.register
def _(shape: shapes.Words, sheet: Sheet) -> None:
    sheet.text(shape.x, shape.y, say(shape.text), size=shape.size, faint=shape.faint, at=shape.at)


@add.register
def _(shape: shapes.Note, sheet: Sheet) -> None:
    sheet.note(say(shape.text))
