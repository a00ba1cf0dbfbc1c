"""The time axis of sounds, in seconds. Blanked means silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.core.phrases import phrase
from mmlab.core.recordings import Sound
from mmlab.core.time_axis import TimeAxis, Timeline
from mmlab.viz.inputs.wave import outline

FAINT = 0.005  # of the peak: 46 dB below it, so that it moves neither the window of a model nor its level


class SoundTime(TimeAxis):
    """Of waves; a spectrogram `[1, bands, frames]` runs with it along its last dimension."""

    blank = phrase("silence")

    def timeline(self, raw: Sound) -> Timeline:
        return Timeline(len(raw.wave), float(raw.rate), phrase("seconds"))

    def blanked(self, raw: Sound, first: int, last: int) -> Sound:
        wave = raw.wave.copy()
        wave[first:last] = 0
        return replace(raw, wave=wave)

    def strip(self, raw: Sound, colour: str, width: int, height: int) -> str:
        return outline(raw.wave, colour, width, height)

    def marked(self, raw: Sound, first: int, last: int, way: int) -> Sound:
        """With a faint noise that has all pitches."""
        found = self.blanked(raw, first, last)
        faint = FAINT * float(np.abs(found.wave).max(initial=0.0))
        found.wave[first:last] = faint * np.random.default_rng(way).choice((-1, 1), last - first)
        return found
