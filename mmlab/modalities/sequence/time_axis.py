"""The time axis of sequences, in steps from the first valid one to the last. Blanked steps are absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.core.phrases import phrase
from mmlab.core.recordings import FeatureSequence
from mmlab.core.time_axis import TimeAxis, Timeline
from mmlab.modalities.sequence.draw import counted, strip
from mmlab.viz.inputs.raster import svg_image

FAINT = 0.1  # of the span of each feature


class SequenceTime(TimeAxis):
    """Of sequences; a tensor `[C + 1, T]` runs with it along its last dimension."""

    blank = phrase("nothing measured")

    def timeline(self, raw: FeatureSequence) -> Timeline:
        first, last = counted(raw)
        return Timeline(last - first, 1.0, phrase("steps"), counted=True)

    def blanked(self, raw: FeatureSequence, first: int, last: int) -> FeatureSequence:
        begin = counted(raw)[0]
        values, there = raw.values.copy(), raw.there.copy()
        values[begin + first : begin + last], there[begin + first : begin + last] = 0, False
        return replace(raw, values=values, there=there)

    def strip(self, raw: FeatureSequence, colour: str, width: int, height: int) -> str:
        part = slice(*counted(raw))
        return svg_image(strip(raw.values[part].T, raw.there[part]), width, height)

    def marked(self, raw: FeatureSequence, first: int, last: int, way: int) -> FeatureSequence:
        """Each feature a little above its mean, or below it; what is there stays there, so that nothing is cut."""
        begin, values = counted(raw)[0], raw.values.copy()
        known = raw.values[raw.there]
        span = np.ptp(known, axis=0)
        middle = known.mean(0) + (FAINT if way else -FAINT) * np.where(span > 0, span, 1)
        values[begin + first : begin + last] = middle
        return replace(raw, values=np.where(raw.there[:, None], values, 0).astype(np.float32))
