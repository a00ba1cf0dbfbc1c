"""Drawings of sequences of features: a heat strip with a column per step, and below it the magnitude of each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scale, Scales
from mmlab.core.phrases import phrase, say
from mmlab.core.recordings import FeatureSequence, Raw
from mmlab.core.spans import divisor
from mmlab.viz.base.theme import MUTED
from mmlab.viz.inputs.numbers import HIGH as PANEL_HIGH
from mmlab.viz.inputs.numbers import WIDE as PANEL_WIDE
from mmlab.viz.inputs.numbers import NumberDrawing
from mmlab.viz.inputs.raster import heat_table, palette, plain_svg, subdued, svg_image

WIDE, STRIP, SIZES, BELOW = 360, 56, 26, 18
SPREADS = 2.5  # from the mean of a feature to the end of its colours
MOST_ROWS, MOST_STEPS = 96, 400  # more cannot be told apart at this size
NAMED = 3
FEW = 12  # steps that can each be numbered on an axis


class SequenceDrawing(NumberDrawing):
    """Of sequences, and of tensors `[C + 1, T]`. Features are coloured each on its own scale; absent steps are bare."""

    def recorded(self, raw: FeatureSequence, colour: str, what: str) -> Drawing:
        """From the first step that is there to the last: padding at the ends is no part of what was recorded."""
        first, last = counted(raw)
        drawn = _chart(raw.values[first:last].T, raw.there[first:last], colour, first=first)
        return Drawing(drawn, "svg+xml", _said(what, raw.values.T, raw.there), wide=True)

    def thumbnail(self, raw: FeatureSequence, colour: str) -> Drawing:
        part = slice(*counted(raw))
        inside = svg_image(strip(raw.values[part].T, raw.there[part]), 100, 100)
        return Drawing(plain_svg(100, 100, inside), "svg+xml", say("Sample: features over time"))

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        """The heat lies over greys, so that two palettes never mix."""
        values, there = _parted(array)
        text = _said(what, values, there)
        if heat is not None:
            text = say("{text}, with the map of where it looks", text=text)
        return Drawing(_chart(values, there, colour, heat), "svg+xml", text, wide=True)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        seen, there = _parted(array)
        under = svg_image(
            _with_alpha(subdued(_rows(seen, there), paint.paper), _thinned(there)), PANEL_WIDE, PANEL_HIGH
        )
        over = svg_image(paint.colours(np.asarray(values).reshape(1, -1)), PANEL_WIDE, PANEL_HIGH)
        return MapPanel(PANEL_WIDE, PANEL_HIGH, under + over, _most(np.abs(np.ravel(values))), scales)

    def scales(self, shape: tuple[int, ...], raw: Raw) -> Scales | None:
        """Steps, counted from 1: all of a few, else about every fifth part."""
        count = shape[-1]
        apart = count // 5 if count > FEW else 1
        shown = sorted({1, *range(apart, count + 1, apart)})
        at = tuple((step - 0.5) / count for step in shown)
        return Scales(Scale(phrase("steps"), at, tuple(map(str, shown))), Scale("", (), ()))


def _parted(array: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The features of a tensor, and the steps that are there."""
    return array[:-1], array[-1] > 0.5


def counted(raw: FeatureSequence) -> tuple[int, int]:
    """The first step that is there and the one after the last."""
    places = np.flatnonzero(raw.there)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def _chart(values: Floats, there: NDArray[np.bool_], colour: str, heat: Floats | None = None, first: int = 0) -> bytes:
    """A strip, the size of each step as bars, and the numbers of the first and the last step, counted from 1."""
    shown = strip(values, there, grey=heat is not None)
    inside = svg_image(shown, WIDE, STRIP) + (_heat(heat) if heat is not None else "")
    sizes = _thinned(np.sqrt(np.square(_standard(values, there)).mean(0)) * there)
    wide, largest = WIDE / max(len(sizes), 1), divisor(float(sizes.max(initial=0.0)))
    bars = "".join(
        f'<rect x="{place * wide:.2f}" y="{STRIP + SIZES - size:.1f}" width="{wide * 0.8:.2f}" height="{size:.1f}"/>'
        for place, size in enumerate((SIZES - 6) * sizes / largest)
        if size > 0
    )
    bottom = STRIP + SIZES
    axis = (
        f'<path d="M0 {bottom}H{WIDE}" stroke="{MUTED}"/><g font-size="13" font-family="sans-serif" fill="{MUTED}">'
        f'<text y="{bottom + 14}">{first + 1}</text><text x="{WIDE / 2:.0f}" y="{bottom + 14}" text-anchor="middle">'
        f'{say("steps")}</text><text x="{WIDE}" y="{bottom + 14}" text-anchor="end">{first + len(there)}</text></g>'
    )
    return plain_svg(WIDE, bottom + BELOW, f'{inside}<g fill="{colour}">{bars}</g>{axis}')


def _heat(heat: Floats) -> str:
    values = _thinned(np.clip(np.ravel(heat), 0, 1))[None]
    colours = heat_table()[(values * 255).astype(np.uint8)]
    return svg_image(np.dstack([colours, 180 * values]).astype(np.uint8), WIDE, STRIP)


def strip(values: Floats, there: NDArray[np.bool_], grey: bool = False) -> NDArray[np.uint8]:
    """Colours `[rows, steps, 4]`, with nothing where no step is."""
    if not there.any():
        return np.zeros((1, 1, 4), np.uint8)
    rows = _rows(values, there)
    colours = np.repeat(np.asarray(rows * 255, np.uint8)[..., None], 3, 2) if grey else palette(rows)
    return _with_alpha(colours, _thinned(there))


def _with_alpha(pixels: NDArray[np.uint8], there: Floats) -> NDArray[np.uint8]:
    colours = np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels
    alpha = np.broadcast_to(np.asarray(there * 255, np.uint8), colours.shape[:2])
    return np.dstack([colours, alpha])


def _rows(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """Features as rows in [0, 1], half being the mean of each; where they are many, several share a row."""
    shown = np.clip(_standard(values, there) / (2 * SPREADS) + 0.5, 0, 1)
    if len(shown) > MOST_ROWS:
        shown = np.stack([part.mean(0) for part in np.array_split(shown, MOST_ROWS)])
    return _thinned(shown)


def _standard(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """Each feature by its mean and its spread over the steps that are there; zero at the others."""
    if not there.any():
        return np.zeros(values.shape)
    known = values[:, there].astype(np.float64)
    spread = known.std(1, keepdims=True)
    return np.where(there, (values - known.mean(1, keepdims=True)) / np.where(spread > 0, spread, 1), 0.0)


def _thinned(rows: NDArray[Any]) -> Floats:
    """No more steps than can be told apart, each the mean of its neighbours."""
    rows = np.asarray(rows, np.float64)
    if rows.shape[-1] <= MOST_STEPS:
        return rows
    return np.stack([part.mean(-1) for part in np.array_split(rows, MOST_STEPS, axis=-1)], axis=-1)


def _said(what: str, values: Floats, there: NDArray[np.bool_]) -> str:
    return say(
        "{what}: {count} features over {steps} steps, of which {there} are there",
        what=what,
        count=len(values),
        steps=len(there),
        there=int(there.sum()),
    )


def _most(sizes: Floats) -> str:
    """The steps that have most of the map, for those who do not see it."""
    total = divisor(float(sizes.sum()))
    order = [place for place in np.argsort(-sizes, kind="stable")[:NAMED] if sizes[place] > 0]
    named = ", ".join(f"step {place + 1} {100 * sizes[place] / total:.0f} %" for place in order)
    return f"Most: {named}." if named else "No step stands out."
