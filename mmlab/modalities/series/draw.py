"""Drawings of series: curves over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.core.drawing import Drawing, Floats, Scale, Scales
from mmlab.core.phrases import phrase, say
from mmlab.core.recordings import Raw, Series
from mmlab.viz.inputs import time_series
from mmlab.viz.inputs.numbers import NumberDrawing
from mmlab.viz.inputs.raster import heat_table, hex_of

MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class SeriesDrawing(NumberDrawing):
    """Of series, and of tensors `[C, T]`."""

    def recorded(self, raw: Series, colour: str, what: str) -> Drawing:
        seconds = len(raw.values) / raw.rate
        unit = f" [{raw.unit}]" if raw.unit else ""
        text = say(
            "{what}: {columns} over {seconds} seconds{unit}",
            what=what,
            columns=", ".join(raw.columns[:6]),
            seconds=f"{seconds:.1f}",
            unit=unit,
        )
        drawn = time_series.chart(raw.values.T, raw.columns, colour, raw.unit, seconds, raw.part)
        return Drawing(drawn.encode(), "svg+xml", text, wide=True)

    def thumbnail(self, raw: Series, colour: str) -> Drawing:
        drawn = time_series.small(raw.values.T, colour)
        return Drawing(drawn.encode(), "svg+xml", say("Sample: the curves of a sensor"))

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        """Over seconds where the recording is known, over steps otherwise."""
        rows = array.reshape(-1, array.shape[-1])
        text = say("{what}: {count} curves of {steps} steps", what=what, count=len(rows), steps=rows.shape[1])
        names, seconds = (of.columns, of.seconds) if isinstance(of, Series) else ((), float(rows.shape[1]))
        bands = _bands(heat, *time_series.plot_size()) if heat is not None else ""
        drawn = time_series.chart(rows, names, colour, "", seconds, under=bands)
        return Drawing(drawn.encode(), "svg+xml", text, wide=True)

    def scales(self, shape: tuple[int, ...], raw: Raw) -> Scales | None:
        """Seconds, and the names of the curves."""
        if not isinstance(raw, Series):
            return None
        times = Scale(phrase("seconds"), MARKS, tuple(f"{mark * raw.seconds:.3g}" for mark in MARKS))
        return Scales(times, Scale("", (), ()), raw.columns)


def _bands(heat: Floats, width: int, height: int) -> str:
    wide = width / len(heat)
    return "".join(
        f'<rect x="{i * wide:.1f}" y="0" width="{wide + 0.5:.1f}" height="{height}" '
        f'fill="{hex_of(heat_table()[int(value * 255)])}" opacity="{0.7 * value:.2f}"/>'
        for i, value in enumerate(np.clip(heat, 0, 1))
    )
