"""Drawings of vectors: each number with its name."""

from __future__ import annotations

from mmlab.core.drawing import Drawing
from mmlab.core.phrases import say
from mmlab.core.recordings import Vector
from mmlab.viz.inputs import numeric_row
from mmlab.viz.inputs.numbers import NumberDrawing


class VectorDrawing(NumberDrawing):
    """Of vectors, and of tensors `[n]`."""

    def recorded(self, raw: Vector, colour: str, what: str) -> Drawing:
        values, names = raw.values.tolist(), tuple(map(say, raw.names))
        text = f"{what}: {numeric_row.in_words(names, values)}"
        return Drawing(numeric_row.rows(names, values, colour).encode(), "svg+xml", text)
