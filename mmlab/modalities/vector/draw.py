"""Drawings of vectors: each number with its name."""

from __future__ import annotations

from mmlab.core.drawing import Drawing
from mmlab.core.recordings import Vector
from mmlab.viz.inputs import numeric_row
from mmlab.viz.inputs.numbers import NumberDrawing


class VectorDrawing(NumberDrawing):
    """Of vectors, and of tensors `[n]`."""

    def recorded(self, raw: Vector, colour: str, what: str) -> Drawing:
        values = raw.values.tolist()
        text = f"{what}: {numeric_row.in_words(raw.names, values)}"
        return Drawing(numeric_row.rows(raw.names, values, colour).encode(), "svg+xml", text)
