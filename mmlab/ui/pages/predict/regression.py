"""Regression: the scale of a predicted number, its error interval, and its description.

>>> found = scales.reaches(reference, "test-0003")  # {"text-voice": ConformalInterval(1.3, 0.9, 500), ...}
>>> scales.scale(task.info.output, item.target, found.get("text-voice"))  # what a card draws; None for classes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatch
from typing import Any

import streamlit as st

from mmlab.analysis.robustness.conformal_intervals import ConformalInterval
from mmlab.analysis.robustness.conformal_intervals import interval_by_combination as learned
from mmlab.core.errors import CheckpointError
from mmlab.core.outputs import Output, Regression
from mmlab.core.reference import Reference
from mmlab.ui.session import cache
from mmlab.viz.predict.number_line import Scale

Reaches = Mapping[str, ConformalInterval]


@singledispatch
def scale(output: Output, target: Any, reach: ConformalInterval | None) -> Scale | None:
    """What a number lies on; None where answers are no numbers."""
    return None


@scale.register
def _scale(output: Regression, target: Any, reach: ConformalInterval | None) -> Scale:
    truth = None if target is None else float(target)
    found = Scale(output.low, output.high, output.middle, output.digits, truth)
    return found if reach is None else replace(found, reach=reach.width, level=reach.level)


def reaches(reference: Reference, sample: str) -> Reaches:
    """How far off each combination's number may be; nothing for classes, and where nothing was measured."""
    if scale(cache.task(reference.task).info.output, None, None) is None:
        return {}
    return _reaches(reference, sample if sample in cache.task(reference.task).gallery() else "")


@st.cache_data(show_spinner=False, max_entries=256)
def _reaches(reference: Reference, sample: str) -> dict[str, ConformalInterval]:
    try:
        return learned(cache.sweep(reference), sample)
    except CheckpointError:
        return {}
