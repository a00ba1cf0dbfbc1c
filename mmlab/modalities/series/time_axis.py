"""The time axis of sensor recordings, in seconds of the part that is used. Blanked means no movement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.core.phrases import phrase
from mmlab.core.recordings import Series
from mmlab.core.time_axis import TimeAxis, Timeline
from mmlab.viz.base.theme import MUTED
from mmlab.viz.inputs import time_series

FAINT = 1e-3  # of the span of all values


class SeriesTime(TimeAxis):
    """Of series; a tensor `[C, T]` runs with it along its last dimension."""

    blank = phrase("no movement")

    def timeline(self, raw: Series) -> Timeline:
        first, last = _counted(raw)
        return Timeline(last - first, raw.rate, phrase("seconds"))

    def blanked(self, raw: Series, first: int, last: int) -> Series:
        """The last value before the stretch is held; at the beginning the first one after it; 0 where none is left."""
        begin, end = _counted(raw)
        values = raw.values.copy()
        part = values[begin:end]
        rest = part[first - 1] if first else part[last] if last < len(part) else np.zeros_like(part[:1])
        part[first:last] = rest
        return replace(raw, values=values)

    def strip(self, raw: Series, colour: str, width: int, height: int) -> str:
        first, last = _counted(raw)
        return time_series.lines(raw.values[first:last].T, width, height, (colour, MUTED))

    def marked(self, raw: Series, first: int, last: int, way: int) -> Series:
        """A little above what is held, or a little below."""
        found, begin = self.blanked(raw, first, last), _counted(raw)[0]
        faint = FAINT * float(np.ptp(raw.values)) if raw.values.size else 0.0
        found.values[begin + first : begin + last] += faint if way else -faint
        return found


def _counted(raw: Series) -> tuple[int, int]:
    """The first row that counts and the one after the last, inside the recording."""
    if raw.part is None:
        return 0, len(raw.values)
    first, last = (min(max(round(second * raw.rate), 0), len(raw.values)) for second in raw.part)
    return first, max(first, last)
