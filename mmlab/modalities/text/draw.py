"""Drawings of texts: their words in lines, in the colours of a map."""

from __future__ import annotations

from collections.abc import Sequence

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.recordings import Raw, Text
from mmlab.viz.inputs import text as texts
from mmlab.viz.inputs.numbers import WIDE, NumberDrawing

SIZE = 20


class TextDrawing(NumberDrawing):
    """Of texts, and of tensors whose words are known; otherwise of the numbers that stand for words."""

    def recorded(self, raw: Text, colour: str, what: str) -> Drawing:
        return Drawing(texts.drawing(raw.text.split(), colour), "svg+xml", f"{what}: “{raw.text}”", wide=True)

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        if not words:
            return super().seen(array, colour, what, heat, of, words)
        return Drawing(texts.drawing(words, colour), "svg+xml", f"{what}: {texts.joined(words)}", wide=True)

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        if not words:
            return super().panel(array, values, paint, scales, words)
        inside, tall = texts.heated(words, values, paint.colours, WIDE, SIZE, paint.ink)
        return MapPanel(WIDE, round(tall), inside, texts.weighed(words, values))
