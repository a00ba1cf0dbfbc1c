"""Numbers with their intervals, one row per combination and one mark per model, as SVG in the page's text colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from mmlab.viz.base.heatmap import combination_dots, dots_width
from mmlab.viz.base.svg_chart import Axis, plain

WIDE = 480
ROW, RIGHT, FOOT = 26, 28, 40
LINE_OF_LEGEND = 18


@dataclass(frozen=True)
class Mark:
    """One model's number: the value, its interval, single seeds as dots, and a note for the pointer."""

    value: float
    low: float
    high: float
    colour: str
    note: str
    seeds: tuple[float, ...] = ()
    hollow: bool = False


@dataclass(frozen=True)
class Row:
    """One combination: its key, which modalities it has, and a mark per model; `label` instead of dots for others."""

    key: str
    has: tuple[bool, ...]
    marks: tuple[Mark, ...]
    label: str = ""


def intervals(
    rows: Sequence[Row],
    axis: Axis,
    letters: Sequence[tuple[str, str]],
    title: str,
    legend: Sequence[tuple[str, str]] = (),
    selected: str = "",
    zero: bool = False,
    picked: bool = True,
) -> str:
    """Rows of marks over one axis. letters: letter and colour of each modality; zero: a line there.

    picked: whether a row is a button.
    """
    per_row = max(ROW, 12 * max(len(row.marks) for row in rows) + 4)
    left = dots_width(len(letters)) + 12
    head = 4 + LINE_OF_LEGEND * _legend_lines(legend, left)
    height = head + per_row * len(rows) + FOOT

    def place(value: float) -> float:
        share = (value - axis.low) / ((axis.high - axis.low) or 1.0)
        return left + min(1.0, max(0.0, share)) * (WIDE - RIGHT - left)

    bottom = head + per_row * len(rows)
    inside = [_legend(legend, left), _axis(axis, place, head, bottom, zero)]
    for index, row in enumerate(rows):
        inside.append(_row(row, head + per_row * index, per_row, left, place, letters, row.key == selected, picked))
    middle = (left + WIDE - RIGHT) / 2
    inside.append(
        f'<text x="{middle:.1f}" y="{bottom + 33:.1f}" text-anchor="middle" font-size="12" font-weight="600" '
        f'opacity=".85" fill="currentColor">{escape(axis.label)}</text>'
    )
    label = escape(title, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mm-plot" viewBox="0 0 {WIDE} {height:.0f}" role="group" '
        f'aria-label="{label}" font-family="system-ui, sans-serif">{"".join(inside)}</svg>'
    )


def _row(
    row: Row,
    top: float,
    high: float,
    left: float,
    place: Callable[[float], float],
    letters: Sequence[tuple[str, str]],
    selected: bool,
    picked: bool,
) -> str:
    middle = top + high / 2
    head = combination_dots(8, middle, row.has, letters) or (
        f'<text x="10" y="{middle + 4:.1f}" font-size="12" fill="currentColor">{escape(row.label)}</text>'
    )
    notes = "; ".join(mark.note for mark in row.marks)
    step = min(12.0, (high - 6) / max(len(row.marks), 1))
    first = middle - step * (len(row.marks) - 1) / 2
    marks = "".join(_mark(mark, first + step * index, place) for index, mark in enumerate(row.marks))
    look = 'fill="currentColor" fill-opacity=".1"' if selected else 'fill="transparent"'
    label = escape(notes, quote=True)
    pick = f'data-pick="{escape(row.key, quote=True)}" role="button" tabindex="0"'
    role = f'{pick} aria-pressed="{str(selected).lower()}"' if picked else 'role="img"'
    return (
        f'<g {role} aria-label="{label}"><rect class="mm-row-back" x="1" y="{top:.1f}" width="{WIDE - 2}" '
        f'height="{high:.1f}" rx="5" {look}/>{head}{marks}</g>'
    )


def _mark(mark: Mark, y: float, place: Callable[[float], float]) -> str:
    if not math.isfinite(mark.value):
        return ""
    band = ""
    if math.isfinite(mark.low):
        a, b = place(mark.low), place(mark.high)
        band = (
            f'<path d="M{a:.1f} {y:.1f}H{b:.1f}" stroke="{mark.colour}" stroke-width="5" stroke-opacity=".4" '
            f'stroke-linecap="round"/>'
        )
    seeds = "".join(
        f'<circle cx="{place(s):.1f}" cy="{y:.1f}" r="2.6" fill="currentColor" opacity=".6"/>' for s in mark.seeds
    )
    x = place(mark.value)
    look = f'fill="none" stroke="{mark.colour}" stroke-width="2"' if mark.hollow else f'fill="{mark.colour}"'
    return f'<g><title>{escape(mark.note)}</title>{band}<circle cx="{x:.1f}" cy="{y:.1f}" r="4.6" {look}/>{seeds}</g>'


def _axis(axis: Axis, place: Callable[[float], float], top: float, bottom: float, zero: bool) -> str:
    found = []
    for tick in axis.ticks:
        x = place(tick)
        strong = zero and tick == 0
        look = 'stroke-opacity=".55" stroke-width="1.5"' if strong else 'stroke-opacity=".14"'
        found.append(f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="currentColor" {look}/>')
        found.append(
            f'<text x="{x:.1f}" y="{bottom + 15:.1f}" text-anchor="middle" font-size="12" opacity=".8" '
            f'fill="currentColor">{escape(axis.shown(tick))}</text>'
        )
    return "".join(found)


def _legend_lines(legend: Sequence[tuple[str, str]], left: float) -> int:
    lines, x = 0, WIDE + 1.0
    for name, _ in legend:
        wide = 28 + 7.3 * len(name)
        if x + wide > WIDE:
            lines, x = lines + 1, left
        x += wide
    return lines


def _legend(legend: Sequence[tuple[str, str]], left: float) -> str:
    found, lines, x = [], 0, WIDE + 1.0
    for name, colour in legend:
        wide = 28 + 7.3 * len(name)
        if x + wide > WIDE:
            lines, x = lines + 1, left
        y = LINE_OF_LEGEND * (lines - 1) + 10
        found.append(f'<circle cx="{x + 5:.1f}" cy="{y}" r="4.6" fill="{colour}"/>')
        found.append(
            f'<text x="{x + 14:.1f}" y="{y + 4}" font-size="12" opacity=".85" fill="currentColor">{escape(name)}</text>'
        )
        x += wide
    return "".join(found)


def differences(value: float) -> str:
    """`+3`, `−12`: a difference of shares in points."""
    shown = plain(round(100 * value, 1))
    return f"+{shown}" if value > 0 else shown
