"""Sensor recordings to windows of a fixed length at a fixed rate: the model inputs of the kind `series`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Raw, Series
from mmlab.core.task import PreparedInput
from mmlab.modalities.reading import reading
from mmlab.modalities.series.decode import most_active

SAME_RATE = 0.005  # of the rate: as near as sensors keep it themselves


@dataclass(frozen=True)
class Window:
    """What a model sees of a sensor: `steps` rows at `rate` a second of so many `columns`, divided by `scale`."""

    rate: int
    steps: int
    columns: int
    scale: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.steps / self.rate


def prepare_series(raw: Raw, window: Window) -> PreparedInput:
    """A recording as `[columns, steps]`: its part that counts, or where most moves, in `scale`s of its unit.

    Raises DataError for other columns and for less than nine tenths of the window.
    """
    if not isinstance(raw, Series):
        raise DataError("This is not a recording of a sensor.", "Use a CSV file.")
    if raw.values.shape[1] != window.columns:
        raise DataError(f"The recording has {raw.values.shape[1]} columns.", f"Give {window.columns}.")
    notes = [raw.note] if raw.note else []
    values = raw.values.astype(np.float64)
    if abs(raw.rate / window.rate - 1) > SAME_RATE:
        values = _resampled(values, raw.rate, window.rate)
        notes.append(f"Resampled from {raw.rate:.4g} to {window.rate} rows a second.")
    if len(values) < 0.9 * window.steps:
        seconds = len(values) / window.rate
        raise DataError(f"The recording holds {seconds:.2f} s; it takes {window.seconds:g} s.", "Use a longer one.")
    start = 0
    if raw.part is not None:
        start = max(0, min(round(raw.part[0] * window.rate), len(values) - 1))
    elif len(values) > window.steps:
        start = most_active([values], window.steps)
        first = start / window.rate
        notes.append(f"Took {first:.1f} to {first + window.seconds:.1f} s, where most movement is.")
    taken = values[start : start + window.steps]
    if len(taken) < window.steps:
        notes.append("It ends early: its last values were repeated.")
        taken = np.pad(taken, ((0, window.steps - len(taken)), (0, 0)), "edge")
    return reading(np.ascontiguousarray(taken.T / window.scale, dtype=np.float32), notes)


def _resampled(values: NDArray[np.float64], before: float, after: int) -> NDArray[np.float64]:
    """Rows at another rate, without what the lower rate cannot hold."""
    from scipy.signal import resample_poly  # a slow import that most samples never need

    ratio = Fraction(after / before).limit_denominator(200)
    return np.asarray(resample_poly(values, ratio.numerator, ratio.denominator, axis=0, padtype="line"))
