"""Blanked stretches of a recording: the input is still present, but for a while it holds its kind's neutral content.

A stretch is chosen (from one moment to another), or it is a share of the recording at a place: its beginning, its
middle, its end, or at random under a seed. Every kind that declares a time axis has it (`mmlab.core.time_axis`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from mmlab.core.corruption_types import SEVERITIES, Corruption
from mmlab.core.errors import DataError, Unsupported
from mmlab.core.modality_kinds import kind_of_recording
from mmlab.core.phrases import phrase, say
from mmlab.core.recordings import Raw
from mmlab.core.time_axis import Part, Stretch, TimeAxis, Timeline

BLANKED = "blanked"
SHARES = (0.1, 0.2, 0.35, 0.5, 0.7)  # of the recording, by severity
PLACES = {"beginning": 0.0, "middle": 0.5, "end": 1.0}
RANDOM = "random"
FOUND = 0.2  # of the largest difference between two marks: what differs less lies outside of the stretch
ROUNDING = 1e-4  # of the span of all numbers: where no step differs by more, the stretch is nowhere


def corruption(axis: TimeAxis) -> Corruption:
    """Blanking as a corruption like any other: by severity, a share of the recording at a random place."""
    return Corruption(
        phrase("Blanked stretch"),
        phrase("share of the recording that is blanked, at a random place"),
        SHARES,
        partial(_at_random, axis),
        whole=True,
    )


def axis_of(raw: Raw) -> TimeAxis:
    """The time axis of a recording. Raises Unsupported for one that has none."""
    kind = kind_of_recording(raw)
    axis = kind.time_axis()
    if axis is None:
        raise Unsupported(f"There is no time in {kind.noun}.", "Blank a stretch of a recording over time.")
    return axis


def blanked(raw: Raw, stretch: Stretch) -> Raw:
    """The recording with this stretch of it blanked; what of it lies outside of the recording counts for nothing."""
    axis = axis_of(raw)
    return axis.blanked(raw, *axis.timeline(raw).places(stretch))


def blanked_share(raw: Raw, share: float, place: str, seed: int | Sequence[int] = 0) -> Raw:
    """The recording with a share of it blanked, 0 to 1, at a place of `PLACES`, or at `RANDOM` under the seed.

    Under one place and seed a larger share holds every smaller one. Raises DataError for another place or share.
    """
    if place != RANDOM and place not in PLACES:
        raise DataError(f"There is no place '{place}'.", f"Use one of: {', '.join((*PLACES, RANDOM))}.")
    if not 0 <= share <= 1:
        raise DataError(f"{share:g} is no share of a recording.", "Use a number from 0 to 1.")
    axis = axis_of(raw)
    at = _drawn(np.random.default_rng(seed)) if place == RANDOM else PLACES[place]
    return axis.blanked(raw, *axis.timeline(raw).share(share, at))


def in_force(raw: Raw, severity: int, seed: int, stretch: Stretch | None) -> Stretch:
    """What is blanked of a recording: the stretch as far as the recording goes, or that of the severity."""
    timeline = axis_of(raw).timeline(raw)
    if stretch is not None:
        return timeline.stretch(*timeline.places(stretch))
    share = SHARES[SEVERITIES.index(severity)]
    return timeline.stretch(*timeline.share(share, _drawn(np.random.default_rng(seed))))


def in_words(raw: Raw, stretch: Stretch) -> str:
    """That the input is given all the same: `Still given, with a stretch blanked: silence from 0.3 to 0.75 seconds.`"""
    axis = axis_of(raw)
    timeline = axis.timeline(raw)
    if not stretch.length:
        return say("Given whole: nothing of it is blanked.")
    start, end = from_and_to(timeline, stretch)
    return say(
        "Still given, with a stretch blanked: {blank} from {start} to {end} of {length} {unit}.",
        blank=say(axis.blank),
        start=start,
        end=end,
        length=_moment(timeline, timeline.length),
        unit=say(timeline.unit),
    )


def ends(timeline: Timeline, stretch: Stretch) -> str:
    """From and to, in few signs: `0.30–0.75`, of frames the first and the last."""
    first, last = from_and_to(timeline, stretch)
    return first if first == last and timeline.counted else f"{first}–{last}"


def from_and_to(timeline: Timeline, stretch: Stretch) -> tuple[str, str]:
    """Both in words, as finely as the timeline asks for: counted steps, whole ones, hundredths of seconds."""
    start = stretch.start + 1 if timeline.counted and stretch.length else stretch.start
    return _moment(timeline, start), _moment(timeline, stretch.end)


def _moment(timeline: Timeline, value: float) -> str:
    return f"{value:.0f}" if timeline.rate == 1 else f"{value:.2f}"


def seen_part(raw: Raw, stretch: Stretch, prepare: Callable[[Raw], torch.Tensor]) -> Part | None:
    """Where a blanked stretch of a recording lies in what a model sees of it, as shares of its time axis.

    Found by trying, where the kind does not know it: two versions that differ faintly in the stretch, and nowhere else,
    are prepared, and the steps in which the results differ are those of the stretch. None where it is nowhere.
    """
    axis = axis_of(raw)
    timeline = axis.timeline(raw)
    first, last = timeline.places(stretch)
    if first >= last:
        return None
    marks = [axis.marked(raw, first, last, way) for way in (0, 1)]
    if marks[0] is None or marks[1] is None:
        return axis.seen(raw, first, last)
    try:
        one, other = (prepare(mark).double().numpy() for mark in marks if mark is not None)
    except DataError:
        return None
    apart = np.moveaxis(np.abs(one - other), axis.dimension, 0)
    steps = apart.reshape(len(apart), -1).max(1)
    least = max(FOUND * steps.max(initial=0.0), ROUNDING * float(np.ptp(one)))
    found = np.flatnonzero(steps > least)
    return (float(found[0]) / len(steps), float(found[-1] + 1) / len(steps)) if len(found) else None


def _at_random(axis: TimeAxis, raw: Any, share: float, rng: np.random.Generator) -> Raw:
    return axis.blanked(raw, *axis.timeline(raw).share(share, _drawn(rng)))


def _drawn(rng: np.random.Generator) -> float:
    """A place from the beginning, 0, to the end, 1."""
    return float(rng.random())
