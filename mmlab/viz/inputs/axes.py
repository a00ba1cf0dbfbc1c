"""Axes of model inputs whose positions are seconds or hertz."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.core.drawing import Floats, Scale


def ticks(values: Floats, wanted: Sequence[float], title: str, form: str = "{:g}") -> Scale:
    """An axis whose cells have these (rising) `values` in their middles, with labels at the `wanted` ones."""
    middles = (np.arange(len(values)) + 0.5) / len(values)
    kept = [value for value in wanted if values[0] <= value <= values[-1]]
    places = np.interp(kept, values, middles)
    return Scale(title, tuple(float(place) for place in places), tuple(form.format(value) for value in kept))
