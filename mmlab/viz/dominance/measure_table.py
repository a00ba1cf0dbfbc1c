"""The table of measures with selectable numbers, and the derivation of the selected one.

Each cell carries `data-pick="alone~image"` and works as a button.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mmlab.core.number_text import fixed
from mmlab.core.phrases import phrase, say
from mmlab.viz.base.theme import ACCENT, WRONG, chip

LEAST = {"share": 0.05}  # what a full bar stands for at least, so that noise looks like noise
UNITS = {"share": "%", "ratio": "×", "nats": phrase("nats"), "bits": phrase("bits"), "number": ""}


@dataclass(frozen=True)
class Head:
    """A modality at the head of a column: its name, letter and colour. note: how a column of pairs is read, if
    that must be said."""

    name: str
    label: str
    letter: str
    colour: str
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A measure: values by column with their units, `notes` for the pointer; problem: why there are none."""

    name: str
    title: str
    question: str
    units: tuple[str, ...]
    values: tuple[float, ...]
    notes: tuple[str, ...]
    problem: str = ""


def figure(value: float, unit: str, signed: bool = False) -> str:
    """A number with its unit, as people write it: `27.6 %`, `1.09×`, `−0.69 nats`."""
    if not math.isfinite(value):
        return "–"
    digits = {"share": 1, "ratio": 2, "bits": 2}.get(unit, 3)
    shown = fixed(100 * value if unit == "share" else value, digits, signed)
    space = "" if unit == "ratio" else "\u202f"
    return f"{shown}{space}{say(UNITS[unit])}".rstrip("\u202f")


def table(heads: Sequence[Head], lines: Sequence[Line], selected: str = "") -> str:
    """Measures by modality; the largest value of a measure is bold, bars are lengths within a measure."""
    top = "".join(
        f'<th scope="col">{chip(h.letter, h.colour)} <span class="mm-dom-name">{escape(h.label)}</span></th>'
        for h in heads
    )
    body = "".join(_line(heads, line, selected) for line in lines)
    return (
        f'<div class="mm-scroll"><table class="mm-dom"><thead><tr><th scope="col">{say("Measure")}</th>'
        f"{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def pairs(heads: Sequence[Head], lines: Sequence[Line], selected: str = "") -> str:
    """The same table for pairs: the columns are what is asked of each pair, `heads` have no letters."""
    top = "".join(f'<th scope="col" title="{escape(h.note, quote=True)}">{escape(h.label)}</th>' for h in heads)
    body = "".join(_line(heads, line, selected, signed=True) for line in lines)
    return (
        f'<div class="mm-scroll"><table class="mm-dom"><thead><tr><th scope="col">{say("Pair")}</th>'
        f"{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def arithmetic(head: Sequence[str], lines: Sequence[Sequence[str | float]], end: str, total: str) -> str:
    """The steps to a number; the last column leads to it."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{_cell(each)}</td>" for each in line).replace("<td>", '<td class="mm-first">', 1)
        + "</tr>"
        for line in lines
    )
    words = {"sum": say("Sum"), "mean": say("Mean")}.get(end, "")
    foot = ""
    if words:
        first = f'<td class="mm-first" colspan="{len(head) - 1}">{words}</td>'
        foot = f"<tfoot><tr>{first}<td>{escape(total)}</td></tr></tfoot>"
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>{foot}"
    return f'<div class="mm-scroll"><table class="mm-sum">{inside}</table></div>'


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    return fixed(value, 4)


def _line(heads: Sequence[Head], line: Line, selected: str, signed: bool = False) -> str:
    title = f'<th scope="row">{escape(line.title)}<small>{escape(line.question)}</small></th>'
    if line.problem:
        return f'<tr>{title}<td colspan="{len(heads)}" class="mm-none">{escape(line.problem)}</td></tr>'
    finite = [abs(value) for value in line.values if math.isfinite(value)]
    largest = max(finite + [LEAST.get(unit, 0.0) for unit in line.units], default=0.0) or 1.0
    best = max((v for v in line.values if math.isfinite(v)), default=math.nan)
    cells = []
    for head, unit, value, note in zip(heads, line.units, line.values, line.notes, strict=True):
        named = f'data-label="{escape(head.letter or head.label, quote=True)}"'  # for screens too narrow for a head
        if not math.isfinite(value):
            cells.append(f'<td class="mm-none" {named} title="{escape(note, quote=True)}">–</td>')
            continue
        pick = escape(f"{line.name}~{head.name}", quote=True)
        text = figure(value, unit, signed and unit != "bits")
        strong = not signed and value == best and line.values.count(value) == 1
        colour = WRONG if value < 0 else ACCENT if signed else head.colour
        width = min(1.0, abs(value) / (1.0 if signed and unit == "share" else largest))
        inside = f"<b>{text}</b>" if strong else text
        pressed = str(pick == escape(selected, quote=True)).lower()
        said = escape(f"{line.title}, {head.label}: {text}. {note}", quote=True)
        cells.append(
            f'<td {named}><button data-pick="{pick}" aria-pressed="{pressed}" title="{escape(note, quote=True)}" '
            f'aria-label="{said}"><span>{inside}</span><i style="--c:{colour};--w:{width:.3f}"></i></button></td>'
        )
    return f"<tr>{title}{''.join(cells)}</tr>"
