"""Presets for the duration of a training, based on the duration of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.storage.library import Entry
from mmlab.ui.session import comparison_cache

FULL = "full"
FEW_EPOCHS, FEWEST = 4, 64  # of a short training: epochs over a part of the samples, and samples at least


@dataclass(frozen=True)
class Preset:
    """A training by its time: its name on the screen, and seconds; 0 is the whole plan."""

    title: str
    seconds: int


PRESETS = {
    "short": Preset(phrase("30 seconds"), 30),
    "medium": Preset(phrase("3 minutes"), 180),
    FULL: Preset(phrase("In full"), 0),
}


@dataclass(frozen=True)
class Pace:
    """What earlier runs took. seconds: for one sample in one epoch; samples: of the whole training set."""

    seconds: float
    samples: int


def pace(task: str, method: str) -> Pace | None:
    """That of the runs of the method, or of the task where there is none; None where nothing was trained yet."""
    every = [(entry.reference.method, found) for entry in comparison_cache.runs(task) if (found := _pace(entry))]
    own = [found for name, found in every if name == method] or [found for _, found in every]
    if not own:
        return None
    return Pace(fmean(each.seconds for each in own), max(each.samples for each in own))


def plan(preset: Preset, known: Pace, epochs: int) -> dict[str, int]:
    """What of a plan of so many `epochs` over all samples has to be less to be done in time."""
    if not preset.seconds:
        return {}
    passes = preset.seconds / known.seconds  # of one sample
    if passes >= epochs * known.samples:
        return {}
    fitting = min(epochs, max(FEW_EPOCHS, int(passes / known.samples)))
    samples = max(FEWEST, int(passes / fitting))
    return {"epochs": fitting} if samples >= known.samples else {"epochs": fitting, "samples": samples}


def choose(task: str, known: Pace | None) -> str:
    """The preset; the whole plan where no earlier run says how long anything takes."""
    if known is None:
        return FULL
    return str(
        st.segmented_control(
            say("How long"),
            list(PRESETS),
            default=FULL,
            required=True,
            format_func=lambda name: say(PRESETS[name].title),
            key=f"train.{task}.preset",
            help=say(
                "A short training takes fewer epochs over a part of the samples, as many as fit by what "
                "earlier runs took. Its numbers show how the method learns; they are not those of the "
                "tables."
            ),
        )
    )


def _pace(entry: Entry) -> Pace | None:
    """What one run took; None for one that does not say."""
    plan, data = entry.card.get("plan"), entry.card.get("data")
    if not isinstance(plan, Mapping) or not isinstance(data, Mapping):
        return None
    try:
        samples = int(plan.get("samples") or data["sizes"]["train"])
        seconds = float(entry.card["training_seconds"]) / (int(plan["epochs"]) * samples)
    except (LookupError, TypeError, ValueError, ZeroDivisionError):
        return None
    return Pace(seconds, int(data["sizes"]["train"])) if seconds > 0 else None
