"""A stretch of a recording, chosen by dragging over its timeline, or with a slider for the keyboard; the chosen stretch
is blanked. It follows the pointer in the browser; the page is notified on release.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import streamlit as st

from mmlab.core.modality import Modalities, Modality
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw
from mmlab.core.time_axis import Stretch, Timeline
from mmlab.modalities import stretches
from mmlab.ui.components import page_frame
from mmlab.ui.session import url_state
from mmlab.ui.session.corrupted_inputs import seed_of
from mmlab.ui.text import wording

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
WIDE, HIGH = 640, 72
USUAL = (1 / 3, 0.5)  # the share that is blanked first, and its place


def usual(raw: Raw) -> Stretch:
    """The default stretch of a recording: a third of it, in the middle."""
    timeline = stretches.axis_of(raw).timeline(raw)
    return timeline.stretch(*timeline.share(*USUAL))


def in_force(raw: Raw, sample: str, corruption: url_state.InputCorruption | None) -> Stretch:
    """The blanked stretch of a corruption; the default one if there is none."""
    if corruption is None:
        return usual(raw)
    return stretches.in_force(raw, corruption.severity, seed_of(sample, corruption), corruption.stretch)


def show(
    key: str, raw: Raw, modality: Modality, stretch: Stretch, colour: str, modalities: Modalities, panel: str = ""
) -> None:
    """The timeline of a recording as it was given, with the stretch on it. key: another one in each place of a page;
    panel: the name of that which is to run again when another one is chosen, where it is not the one around.

    What is blanked is to be said beside it in words (`mmlab.modalities.stretches.in_words`).
    """
    axis = stretches.axis_of(raw)
    timeline = axis.timeline(raw)
    if timeline.steps < 2:
        st.caption(say("This recording is too short for a stretch of it to be blanked."))
        return
    put = partial(_put, modality.name, modalities, timeline, panel)
    name = say(modality.label)
    _strip(
        key,
        axis.strip(raw, colour, WIDE, HIGH),
        _shares(timeline, stretch),
        say("Timeline of {input}", input=name),
        put,
    )
    _slider(key, timeline, stretch, put)


def parsed(text: object) -> tuple[float, float] | None:
    """Both ends from what the browser sends, as shares of the timeline; nothing where it is something else."""
    try:
        first, last = (float(each) for each in str(text).split())
    except ValueError:
        return None
    if not (math.isfinite(first) and math.isfinite(last)):
        return None
    low, high = sorted(min(max(each, 0.0), 1.0) for each in (first, last))
    return low, high


def _strip(key: str, inside: str, shares: tuple[float, float], label: str, put: partial[None]) -> None:
    """The drawing that can be dragged over."""

    def chosen() -> None:
        both = parsed(getattr(st.session_state.get(f"{key}.strip"), "chosen", None))
        if both is not None:
            put(*both)

    drawn = f'<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" aria-hidden="true">{inside}</svg>'
    data = {"html": drawn, "shares": shares, "label": label, "told": say("drag to choose what is blanked")}
    component = st.components.v2.component("mmlab_stretch", js=SCRIPT, isolate_styles=False)
    component(key=f"{key}.strip", data=data, on_chosen_change=chosen)


def _slider(key: str, timeline: Timeline, stretch: Stretch, put: partial[None]) -> None:
    """Both ends; of counted steps the first and the last of them."""
    name, unit = f"{key}.range", say(timeline.unit)
    before = 1.0 if timeline.counted else 0.0  # of what starts there

    def moved() -> None:
        low, high = st.session_state[name]
        put((low - before) / timeline.length, high / timeline.length)

    last = max(min(stretch.end, timeline.length), before)
    now = (min(stretch.start + before, last), last)
    st.slider(
        say("Blanked, from and to ({unit})", unit=unit),
        before,
        timeline.length,
        value=now,
        key=url_state.follow(name, now),
        step=_grid(timeline),
        format="%.0f" if timeline.rate == 1 else "%.2f",
        help=wording.help("blanked"),
        on_change=moved,
    )


def _grid(timeline: Timeline) -> float:
    """What moments are brought to: whole steps of few, else a round number, some hundred to the whole timeline."""
    return 1.0 if timeline.rate == 1 else 10.0 ** math.floor(math.log10(timeline.length / 50))


def _shares(timeline: Timeline, stretch: Stretch) -> tuple[float, float]:
    return stretch.start / timeline.length, min(stretch.end / timeline.length, 1.0)


def _put(modality: str, modalities: Modalities, timeline: Timeline, panel: str, first: float, last: float) -> None:
    """Both ends, as shares of the timeline, brought to round moments; the same moment twice removes the corruption."""
    grid = _grid(timeline)
    stretch = Stretch.between(*(round(share * timeline.length / grid) * grid for share in (first, last)))
    url_state.put_corruption(
        modality, stretches.BLANKED if stretch.length else None, url_state.USUAL_SEVERITY, modalities, stretch
    )
    if panel:
        page_frame.run_again(panel)
