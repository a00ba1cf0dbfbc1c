"""Drawings of sounds: the waveform of a recording, and the spectrogram that a model sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.core.drawing import Drawing, Floats, MapPanel, Paint, Scales
from mmlab.core.phrases import phrase, say
from mmlab.core.recordings import Raw, Sound
from mmlab.modalities.audio.spectrogram import HOPS, frame_seconds, mel_hertz
from mmlab.viz.inputs.axes import ticks
from mmlab.viz.inputs.numbers import HIGH as PANEL_HIGH
from mmlab.viz.inputs.numbers import WIDE as PANEL_WIDE
from mmlab.viz.inputs.numbers import NumberDrawing
from mmlab.viz.inputs.raster import (
    HIGH,
    WIDE,
    enlarged,
    over,
    palette,
    plain_svg,
    png,
    subdued,
    svg_image,
    unit,
)
from mmlab.viz.inputs.wave import outline


class SoundDrawing(NumberDrawing):
    """Of waves, and of spectrograms `[1, bands, frames]` with low pitch at the bottom."""

    def recorded(self, raw: Sound, colour: str, what: str) -> Drawing:
        seconds = len(raw.wave) / raw.rate
        return Drawing(
            plain_svg(WIDE, HIGH, outline(raw.wave, colour, WIDE, HIGH)),
            "svg+xml",
            say("{what}: a sound of {seconds} seconds, as its wave", what=what, seconds=f"{seconds:.1f}"),
        )

    def seen(
        self, array: Floats, colour: str, what: str, heat: Floats | None, of: Raw | None, words: Sequence[str]
    ) -> Drawing:
        """The heat lies over a grey spectrogram, so that two palettes never mix."""
        rows = _rows(array)
        text = say("{what}: pitch from low to high against time", what=what)
        if heat is None:
            return Drawing(png(palette(rows)), "png", text, crisp=True)
        grey = np.repeat(np.asarray(rows * 255, np.uint8)[..., None], 3, 2)
        laid = over(enlarged(grey), np.asarray(heat)[::-1])
        return Drawing(png(laid), "png", say("{text}, with the map of where it looks", text=text))

    def panel(
        self, array: Floats, values: Floats, paint: Paint, scales: Scales | None, words: Sequence[str]
    ) -> MapPanel:
        base = svg_image(subdued(_rows(array), paint.paper), PANEL_WIDE, PANEL_HIGH)
        over_it = svg_image(paint.colours(values[::-1]), PANEL_WIDE, PANEL_HIGH, smooth=True)
        return MapPanel(PANEL_WIDE, PANEL_HIGH, base + over_it, scales=scales)

    def scales(self, shape: tuple[int, ...], raw: Raw) -> Scales | None:
        """Seconds and hertz, for the spectrograms of `mmlab.modalities.audio.spectrogram`."""
        if len(shape) != 3 or shape[1] != len(mel_hertz()) or shape[2] not in HOPS:
            return None
        seconds = ticks(frame_seconds(shape[2]), (0.2, 0.4, 0.6, 0.8, 1.2, 1.6, 2.0), phrase("seconds"))
        return Scales(seconds, ticks(mel_hertz(), (250, 500, 1000, 2000), phrase("hertz")))


def _rows(array: Floats) -> Floats:
    """From high to low pitch, as rows of a picture run, in [0, 1]."""
    return unit(array.reshape(-1, array.shape[-1]))[::-1]
