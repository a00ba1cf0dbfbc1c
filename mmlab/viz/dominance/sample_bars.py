"""Samples by the effect of each modality: a list of bars around a centre line, each row a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mmlab.core.spans import divisor
from mmlab.viz.base.theme import chip


@dataclass(frozen=True)
class Bar:
    """One modality of a sample: letter, colour, and what it does, signed."""

    letter: str
    colour: str
    value: float
    text: str


@dataclass(frozen=True)
class Row:
    """A sample: its id, what kind of cooperation, what is said about it, and its bars."""

    id: str
    kind: str
    note: str
    bars: tuple[Bar, ...]
    picture: str = ""


def rows(found: Sequence[Row], selected: str, span: float) -> str:
    """A list of samples. Bars to the right speak for the right answer, to the left against it; `span` is full width."""
    return f'<div class="mm-dom-samples">{"".join(_row(each, selected, divisor(span)) for each in found)}</div>'


def _row(row: Row, selected: str, span: float) -> str:
    bars = "".join(_bar(bar, span) for bar in row.bars)
    said = "; ".join(f"{bar.letter} {bar.text}" for bar in row.bars)
    label = escape(f"{row.id}, {row.kind}, {row.note}: {said}", quote=True)
    pressed = f'aria-pressed="{str(row.id == selected).lower()}" aria-label="{label}" title="{label}"'
    name = f'<span class="mm-sample-id"><b>{escape(row.id)}</b><small>{escape(row.note)}</small></span>'
    return (
        f'<button class="mm-sample" data-pick="{escape(row.id, quote=True)}" {pressed}>{row.picture}{name}'
        f'<span class="mm-both">{bars}</span></button>'
    )


def _bar(bar: Bar, span: float) -> str:
    width = min(50.0, 50 * abs(bar.value) / span)
    left = 50.0 if bar.value >= 0 else 50 - width
    piece = f'<i style="left:{left:.1f}%;width:{width:.1f}%;background:{bar.colour}"></i>'
    axis = f'<span class="mm-middle">{piece}</span><em>{escape(bar.text)}</em>'
    return f'<span class="mm-signed">{chip(bar.letter, bar.colour)}{axis}</span>'
