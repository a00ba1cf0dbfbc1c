"""Compare with many combinations: a row per combination, sorted by the number of inputs, the worst first.

Beyond `MOST_ACROSS` combinations a column for each cannot be read: combinations go down the page, methods across.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from mmlab.core.metric import mean_of
from mmlab.core.phrases import say
from mmlab.viz.compare.method_tables import Column, Line, Scale, combination_chips, pick_cell, span_of, written

MOST_ACROSS = 15  # combinations, those of four inputs


def found_in(columns: Sequence[Column], wanted: str) -> list[Column]:
    """The combinations that hold every word of a search: a letter of an input, or a part of its name."""
    words = wanted.casefold().split()
    return [each for each in columns if all(_holds(each, word) for word in words)]


def _holds(column: Column, word: str) -> bool:
    letters = {letter.casefold() for letter, _ in column.chips}
    return word in letters if len(word) <= max(map(len, letters)) else word in column.label.casefold()


def tall(
    lines: Sequence[Line], columns: Sequence[Column], shown: Sequence[Column], scale: Scale, selected: str = ""
) -> str:
    """The heat map as HTML with a row for each combination that is `shown`, and one for the mean and the worst of all.

    columns: all combinations, to which the values of the lines belong. `--signs` of the table says how many signs stand
    beside each other, by which a narrow screen sizes them.
    """
    signs = sum(max(len(scale.text(value)) for value in line.values) for line in lines)
    head = "".join(f"<th scope='col'>{escape(line.title)}<small>{escape(line.note)}</small></th>" for line in lines)
    span = span_of([line.values for line in lines], len(columns), scale)
    place = {column.key: position for position, column in enumerate(columns)}
    names = (say("mean"), say("worst"))
    ends = "".join(_end(lines, len(columns) + offset, name, scale) for offset, name in enumerate(names))
    sizes = sorted({len(column.chips) for column in shown})
    groups = "".join(
        _group(lines, [each for each in shown if len(each.chips) == size], place, scale, span, selected)
        for size in sizes
    )
    return (
        f'<div class="mm-scroll mm-tall"><table class="mm-heat" style="--signs:{signs}"><thead>'
        f'<tr><th scope="col">{say("Inputs")}</th>{head}</tr></thead><tbody>{ends}</tbody>{groups}</table></div>'
    )


def _end(lines: Sequence[Line], position: int, name: str, scale: Scale) -> str:
    cells = "".join(
        f'<td class="mm-end" title="{escape(line.notes[position], quote=True)}">{written(line, position, scale)}</td>'
        for line in lines
    )
    return f"<tr><th scope='row'>{name}<small>{say('of all combinations')}</small></th>{cells}</tr>"


def _group(
    lines: Sequence[Line],
    columns: Sequence[Column],
    place: dict[str, int],
    scale: Scale,
    span: tuple[float, float],
    selected: str,
) -> str:
    """The combinations of one size under their heading, those with the worst mean over the methods first."""
    size = len(columns[0].chips)
    heading = say("1 input, worst first") if size == 1 else say("{count} inputs, worst first", count=size)
    rows = []
    for column in sorted(columns, key=lambda each: _badness(lines, place[each.key], scale)):
        cells = "".join(pick_cell(line, column, place[column.key], scale, span, selected) for line in lines)
        name = escape(column.label, quote=True)
        rows.append(f"<tr><th scope='row' title='{name}'>{combination_chips(column)}</th>{cells}</tr>")
    return f"<tbody><tr><th scope='rowgroup' colspan='{len(lines) + 1}'>{heading}</th></tr>{''.join(rows)}</tbody>"


def _badness(lines: Sequence[Line], position: int, scale: Scale) -> tuple[bool, float]:
    """Sorts the worst first, and what nobody measured last."""
    mean = float(mean_of([line.values[position] for line in lines]))
    return math.isnan(mean), mean if scale.higher_is_better else -mean
